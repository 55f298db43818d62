import { z } from 'zod';
import type { Charge, Drift, Observation, Reading } from '../../core/statement/statement.ts';
import { divideHalfEven } from '../../core/values/money.ts';
import {
  ceilTo,
  floorTo,
  type Granularity,
  type Instant,
  type Range,
  sizeOf,
} from '../../core/values/time.ts';
import { driftIn } from '../api/answer-drift.ts';
import { isWithin } from '../api/plans.ts';
import { observe, reading, sum } from '../api/readings.ts';
import { type Breakdown, TopApp } from './schema.ts';

interface BreakdownOptions {
  /** As the API names it, and the `range` label of the trend. */
  readonly range: string;
  readonly granularity: Granularity;
  /** Nothing before it is read. */
  readonly since: Instant;
}

/** Reads a breakdown: the cost of each app in each whole bucket of the provider's window. */
export function readBreakdown(body: Breakdown, { range, granularity, since }: BreakdownOptions): Reading {
  const size = sizeOf(granularity);
  const end = ceilTo(size, body.period_end);
  // The bucket that the period begins within is cut; the last one may be open.
  const whole = { start: Math.max(ceilTo(size, body.period_start), since), end };
  const wanted = whole.start < whole.end ? whole : undefined;
  const spends = spendsOf(body, size);
  const charges = spends.filter(({ at }) => wanted && isWithin(wanted, at));
  const apps = [...new Set(charges.map(({ resource }) => resource))];
  const calls = callsOf(body, range);
  // A whole answer without a cent: likely a fault if there was money before, and no change if there was none.
  const omittedTiers = spends.some(({ value }) => value !== 0n) ? [] : [''];
  return reading({
    statement: wanted && { granularity, range: wanted, charges, omittedTiers },
    resources: apps.map((app) => ({ resource: app, name: app, kind: 'app' })),
    observations: [...trendOf(body, range), ...calls.observations],
    reconciliation: {
      difference: body.total_cost - sum(spends.map(({ value }) => value)),
      against: 'total_cost',
    },
    drift: [...straysOf(spends, { start: floorTo(size, body.period_start), end }), ...calls.drift],
  });
}

/** What each app cost in each bucket, wherever in the window that lies. */
function spendsOf({ timeseries }: Breakdown, size: number): Charge[] {
  return (timeseries ?? []).flatMap(({ date, per_app }) =>
    [...(per_app ?? [])].map(([resource, value]) => ({
      at: floorTo(size, date),
      measure: 'cost',
      resource,
      model: '',
      tier: '',
      detail: 'USD',
      value,
    })),
  );
}

function trendOf({ trend_percent: trend }: Breakdown, range: string): Observation[] {
  return observe('trend', { range }, typeof trend === 'bigint' ? divideHalfEven(trend, 100n) : undefined);
}

/** Spend in buckets that the period does not touch. Its total is likely to hold it, the ledger does not. */
function straysOf(spends: readonly Charge[], touched: Range): Drift[] {
  const dates = new Set(spends.filter(({ at }) => !isWithin(touched, at)).map(({ at }) => at));
  return [...dates].map((at) => ({ kind: 'stray_row', what: new Date(at).toISOString() }));
}

/**
 * How often the top apps of a window ran. The window slides, so that this is no counter, and the list may leave apps out.
 *
 * No money hangs on it: an entry that cannot be read is counted as drift and costs nothing else.
 */
function callsOf(
  { per_model }: Breakdown,
  range: string,
): { readonly observations: Observation[]; readonly drift: Drift[] } {
  const entries = z.array(z.unknown()).safeParse(per_model ?? []).data;
  const apps = (entries ?? [])
    .map((entry) => TopApp.safeParse(entry).data)
    .filter((app) => app !== undefined);
  const drift = driftIn(z.object({ per_model: z.array(TopApp) }), { per_model: apps });
  if (apps.length !== entries?.length) drift.push({ kind: 'unknown_value', what: 'per_model' });
  const byApp = Map.groupBy(apps, ({ app_endpoint }) => app_endpoint);
  const observations = [...byApp].flatMap(([resource, rows]) => {
    const counts = rows.flatMap(({ call_count }) => call_count ?? []);
    return counts.length > 0 ? observe('rangeRequests', { resource, range }, sum(counts)) : [];
  });
  return { observations, drift };
}
