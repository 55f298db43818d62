import type { Fixed } from '../../../src/core/values/money.ts';
import { floorTo, HOUR, type Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

/** Components of a price, as they are called on the wire. */
export const COMPONENTS = ['cpu', 'memory', 'storage', 'gpu', 'vcpu', 'gpuMemory', 'cluster'] as const;

/** Dollars. The components need not add up to the total. */
export type RowPriceParts = { readonly total: Fixed } & {
  readonly [Key in (typeof COMPONENTS)[number]]?: Fixed;
};

/** An hour of a resource; without `resource` (or `project`) something the drill-down does not show at that level. */
export interface PaasRow extends BookedRow {
  readonly scope: 'paas';
  readonly team: string;
  readonly project?: string;
  readonly resourceType?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly price: RowPriceParts;
}

/** An hour of what is billed to the customer as a whole. */
export interface CustomerRow extends BookedRow {
  readonly scope: 'byoc' | 'egress_ip' | 'load_balancer';
  readonly price: RowPriceParts;
}

export type NorthflankRow = PaasRow | CustomerRow;

/** What the row says in the design's words. The resource is `team/project/id`, or `""` where the drill-down names none. */
export function entriesOf(row: NorthflankRow): TruthEntry[] {
  const isNamed = row.scope === 'paas' && row.project !== undefined && row.resource !== undefined;
  const resource = isNamed ? `${row.team}/${row.project}/${row.resource}` : '';
  const labels = { resource, model: '', tier: row.scope };
  const components = COMPONENTS.flatMap((component): TruthEntry[] => {
    const value = row.price[component];
    const detail = component === 'gpuMemory' ? 'gpu_memory' : component;
    return value === undefined ? [] : [{ ...labels, measure: 'component_cost', detail, value }];
  });
  return [{ ...labels, measure: 'cost', detail: 'USD', value: row.price.total }, ...components];
}

/** The prices of many rows as one. A component that none of them has stays absent. */
export function priceOf(rows: readonly NorthflankRow[]): RowPriceParts {
  const total = rows.reduce((sum, row) => sum + row.price.total, 0n);
  const components = COMPONENTS.flatMap((component) => {
    const values = rows.flatMap((row) => row.price[component] ?? []);
    return values.length === 0 ? [] : [[component, values.reduce((sum, value) => sum + value, 0n)]];
  });
  return { total, ...Object.fromEntries(components) };
}

/** An hour of a service that costs so much. */
export function costing(at: Instant, total: Fixed): PaasRow {
  const what = { team: 'core', project: 'api', resourceType: 'service', resource: 'by-hand' };
  return { scope: 'paas', at: floorTo(HOUR, at), ...what, price: { total } };
}
