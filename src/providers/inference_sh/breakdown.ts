import type { Charge, Drift, Observation, Reading, ResourceFacts } from '../../core/statement/statement.ts';
import { divideHalfEven, type Usd } from '../../core/values/money.ts';
import {
  ceilTo,
  floorTo,
  type Granularity,
  type Instant,
  intersection,
  type Range,
  sizeOf,
} from '../../core/values/time.ts';
import { isWithin } from '../api/plans.ts';
import { observe, reading } from '../api/readings.ts';
import { callsOf } from './calls.ts';
import type { Breakdown } from './schema.ts';

/** What a breakdown feed knows of itself. */
export interface BreakdownOptions {
  /** As the API names it, and the `range` label of the trend. */
  readonly range: string;
  readonly granularity: Granularity;
  /** Nothing before it is read. */
  readonly since: Instant;
}

/** What one app cost in one bucket, wherever in the window that lies. */
interface BreakdownSpend {
  readonly at: Instant;
  readonly app: string;
  readonly cost: Usd;
}

/** Reads a breakdown: the cost of each app in each whole bucket of the provider's window. */
export function readBreakdown(body: Breakdown, { range, granularity, since }: BreakdownOptions): Reading {
  const size = sizeOf(granularity);
  const window = windowOf(body, size);
  const spends = spendsOf(body, size);
  const wanted = intersection(window.whole, { start: since, end: Number.POSITIVE_INFINITY });
  const calls = callsOf(body.per_model, range);
  const charges = spends.filter(({ at }) => wanted && isWithin(wanted, at)).map(chargeOf);
  // A whole answer without a cent: likely a fault if there was money before, and no change if there was none.
  const omittedTiers = spends.some(({ cost }) => cost !== 0n) ? [] : [''];
  return reading({
    statement: wanted && { granularity, range: wanted, charges, omittedTiers },
    resources: factsOf(charges),
    observations: [...trendOf(body, range), ...calls.observations],
    reconciliation: {
      difference: spends.reduce((rest, { cost }) => rest - cost, body.total_cost),
      against: 'total_cost',
    },
    drift: [...straysOf(spends, window.touched), ...calls.drift],
  });
}

/** The buckets that the period touches, and those of them that it does not begin within. The last one may be open. */
function windowOf({ period_start, period_end }: Breakdown, size: number): { touched: Range; whole: Range } {
  const end = ceilTo(size, period_end);
  return {
    touched: { start: floorTo(size, period_start), end },
    whole: { start: ceilTo(size, period_start), end },
  };
}

function spendsOf({ timeseries }: Breakdown, size: number): BreakdownSpend[] {
  return (timeseries ?? []).flatMap(({ date, per_app }) =>
    [...(per_app ?? [])].map(([app, cost]) => ({ at: floorTo(size, date), app, cost })),
  );
}

function chargeOf({ at, app, cost }: BreakdownSpend): Charge {
  return { at, measure: 'cost', resource: app, model: '', tier: '', detail: 'USD', value: cost };
}

function factsOf(charges: readonly Charge[]): ResourceFacts[] {
  const apps = new Set(charges.map(({ resource }) => resource));
  return [...apps].map((app) => ({ resource: app, name: app, kind: 'app' }));
}

function trendOf({ trend_percent: trend }: Breakdown, range: string): Observation[] {
  return observe('trend', { range }, typeof trend === 'bigint' ? divideHalfEven(trend, 100n) : undefined);
}

/** Spend in buckets that the period does not touch. Its total is likely to hold it, the ledger does not. */
function straysOf(spends: readonly BreakdownSpend[], touched: Range): Drift[] {
  const dates = new Set(spends.filter(({ at }) => !isWithin(touched, at)).map(({ at }) => at));
  return [...dates].map((at) => ({ kind: 'stray_row', what: new Date(at).toISOString() }));
}
