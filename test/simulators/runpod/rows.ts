import type { Fixed } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

export const TIERS = {
  pods: 'pod',
  serverless: 'serverless',
  endpoints: 'endpoint',
  'network-volumes': 'network_volume',
  clusters: 'cluster',
} as const;
export type RunPodProduct = keyof typeof TIERS;

/** What a resource of a product cost. */
export interface RunPodRow extends BookedRow {
  readonly product: RunPodProduct;
  /** `""` of public endpoints. */
  readonly id: string;
  /** Dollars by component, such as `gpu`; those of public endpoints have none, and are under `""`. */
  readonly usd: Readonly<Record<string, Fixed>>;
}

export function totalOf({ usd }: RunPodRow): Fixed {
  return Object.values(usd).reduce((sum, part) => sum + part, 0n);
}

/** What a row says in the design's words. */
export function entriesOf(row: RunPodRow): TruthEntry[] {
  const labels = { resource: row.id, model: '', tier: TIERS[row.product] };
  const parts = Object.entries(row.usd).filter(([component]) => component !== '');
  return [
    { ...labels, measure: 'cost', detail: 'USD', value: totalOf(row) },
    ...parts.map(([detail, value]) => ({ ...labels, measure: 'component_cost' as const, detail, value })),
  ];
}

/** A pod that costs so much. */
export function costing(at: Instant, gpu: Fixed): RunPodRow {
  return { at, product: 'pods', id: 'by-hand', usd: { gpu } };
}
