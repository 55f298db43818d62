import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { type Narrowing, type Queries, summed } from './promql.ts';

/*
 * Spend per hour is the cost that was read divided by the billed time that was read, not by the length of the window: right from the
 * first minutes on and after a gap, and spread over its bucket where a provider bills whole hours or days.
 */

const ACCOUNT = ['provider', 'account'] as const;
const ON_ACCOUNT = 'on (provider, account)';

/** Bills that move once an hour need several steps. */
const SMOOTH = '6h';
/** Contains a step of every account that bills by the day. */
const DAILY = '36h';
/** Less billed time than this makes a rate of noise. */
const MIN_SECONDS = 600;

/** By how many hours the bill of each account advanced within the window. */
function billedHours({ of }: Queries, range: string): string {
  const through = of(METRICS.dataThrough);
  const end = `max by (provider, account) (last_over_time(${through}[${range}]))`;
  const start = `min by (provider, account) (max by (job, instance, provider, account) (min_over_time(${through}[${range}])))`;
  return `(${end} - ${start} >= ${MIN_SECONDS}) / 3600`;
}

/** Hours with samples of accounts without data-through: days before the exporter ran (backfill) have counters only. */
function recordedHours({ of, select }: Queries, range: string): string {
  const recorded = `group by (provider, account) (${select('ai_billing_cost_corrections_usd_total', METRICS.cost.labels)})`;
  const known = `max_over_time(${of(METRICS.dataThrough)}[${range}])`;
  return `count_over_time((${recorded})[${range}:5m]) / 12 unless ${ON_ACCOUNT} ${known}`;
}

/** US dollars per billed hour: of the last six hours that were read; where these hold no step of the bill, of the last 36. */
export function costPerHour(queries: Queries, by: readonly string[]): string {
  return usagePerHour(queries, METRICS.cost, by);
}

/** The same of any counter of the ledger. */
export function usagePerHour(
  queries: Queries,
  metric: Metric,
  by: readonly string[],
  narrowing?: Narrowing,
): string {
  const kept = [...new Set([...ACCOUNT, ...by])];
  const over = (range: string, hours: string) =>
    `${queries.net(metric, kept, { range }, narrowing)} / ${ON_ACCOUNT} group_left () (${hours})`;
  const recent = billedHours(queries, SMOOTH);
  const slow = `${billedHours(queries, DAILY)} or ${recordedHours(queries, DAILY)}`;
  return summed(by, `${over(SMOOTH, recent)} or ${over(DAILY, slow)} unless ${ON_ACCOUNT} (${recent})`);
}
