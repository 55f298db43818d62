import type { Charge, ResourceFacts } from '../../core/statement/statement.ts';
import { floorTo, HOUR, type Range } from '../../core/values/time.ts';
import { DriftLog } from '../api/drift-log.ts';
import { adviseOnRefusal, PollError } from '../api/errors.ts';
import { isWithin } from '../api/plans.ts';
import type { RangeReading, RequestCount } from '../api/provider.ts';
import { reading, sum, sumOfAll } from '../api/readings.ts';
import type { Ask } from '../api/request.ts';
import { PRODUCTS, type RunPodBill, type RunPodRecord } from './schema.ts';

/** The bill of one product. */
export interface ProductBill extends Pick<(typeof PRODUCTS)[number], 'product' | 'tier'> {
  readonly bill: RunPodBill;
}

/** A month of hours in which a hundred resources ran, each record of ten fields. */
const MAX_VALUES = 800_000;

/** One for each product. */
export function usageRequests(): RequestCount {
  return { least: PRODUCTS.length, most: PRODUCTS.length };
}

/** Asks for the bill of each product. The range begins and ends with an hour, or it would be widened to that. */
export async function* askUsage(
  ask: Ask,
  { start, end }: Range,
  needed: string,
): AsyncGenerator<ProductBill> {
  const query = { startTime: rfc3339(start), endTime: rfc3339(end), bucketSize: 'hour' };
  for (const { product, tier, schema } of PRODUCTS) {
    const request = { path: `/billing/${product}`, query, schema, maxValues: MAX_VALUES };
    yield { product, tier, bill: (await adviseOnRefusal(ask(request), needed)).body };
  }
}

/** Reads what all products cost in each hour. */
export function readUsage(bills: readonly ProductBill[], range: Range): RangeReading {
  const drift = new DriftLog();
  const records = bills.flatMap(({ product, tier, bill }) =>
    bill.records
      .filter((record) => isInside(record, range, product, drift))
      .map((record) => ({ record, tier })),
  );
  const billed = new Set(records.flatMap(({ record, tier }) => (record.total === 0n ? [] : [tier])));
  const totals = sumOfAll(bills.map(({ bill }) => bill.total));
  const listed = sum(bills.flatMap(({ bill }) => bill.records.map(({ total }) => total)));
  return reading({
    statement: {
      granularity: 'hour',
      range,
      charges: records.flatMap(({ record, tier }) => chargesOf(record, tier)),
      // Without a cent of a product: likely a fault if there was money before, and no change if there was none.
      omittedTiers: bills.map(({ tier }) => tier).filter((tier) => !billed.has(tier)),
    },
    resources: resourcesOf(records),
    reconciliation:
      totals === undefined ? undefined : { difference: totals - listed, against: 'metadata.totals' },
    drift: drift.list(),
  });
}

/**
 * Whether a record belongs to the range; others are drift.
 *
 * @throws {PollError} `contract` for a record that is longer than an hour.
 */
function isInside({ start, end }: RunPodRecord, range: Range, product: string, drift: DriftLog): boolean {
  if (end <= start || floorTo(HOUR, start) !== floorTo(HOUR, end - 1)) {
    const what = `a record of /billing/${product} is not within an hour: ${rfc3339(start)} to ${rfc3339(end)}`;
    throw new PollError('contract', what, { status: 200 });
  }
  if (isWithin(range, start)) return true;
  drift.add('stray_row', `${product} ${rfc3339(start)}`);
  return false;
}

function chargesOf({ start, id = '', total, components }: RunPodRecord, tier: string): Charge[] {
  const labels = { at: start, resource: id, model: '', tier };
  return [
    { ...labels, measure: 'cost', detail: 'USD', value: total },
    ...components.map(([detail, value]): Charge => ({ ...labels, measure: 'component_cost', detail, value })),
  ];
}

function resourcesOf(
  records: readonly { readonly record: RunPodRecord; readonly tier: string }[],
): ResourceFacts[] {
  const kinds = new Map(
    records.flatMap(({ record: { id }, tier }) => (id === undefined ? [] : [[id, tier]])),
  );
  return [...kinds].map(([resource, kind]) => ({ resource, kind }));
}

function rfc3339(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
