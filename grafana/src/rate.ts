import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { type Narrowing, type Queries, summed } from './promql.ts';

/*
 * Spend per hour is the cost that was read divided by the billed time that was read, not by the length of the window: right from the
 * first minutes on and after a gap, and spread over its bucket where a provider bills whole hours or days.
 */

const ACCOUNT = ['provider', 'account'] as const;
const ON_ACCOUNT = 'on (provider, account)';

/** Bills that move once an hour need several steps. */
const SMOOTH = '6h';
/** Shown until there is a rate. */
export const NO_RATE =
  'Appears when ten minutes of billed time have been read; if the bill moves by the hour or day, after three steps of it.';
/** Contains a step of every account that bills by the day. */
const DAILY = '36h';
/** Less billed time than this makes a rate of noise. */
const MIN_SECONDS = 600;
/** The same where a day is restated about once an hour, while data-through follows the clock. */
const MIN_SECONDS_OF_DAYS = 10_800;

const RESTATES_DAYS = PROVIDERS.filter(({ feeds }) =>
  feeds.every(({ stream }) => !stream || (stream.granularity === 'day' && !stream.closedBuckets)),
).map(({ id }) => id);

/** The billed seconds that make a rate, by account where providers differ. */
function minSeconds({ provider, of }: Queries, range: string): string {
  const isSlow = (id: string) => RESTATES_DAYS.includes(id);
  if (provider !== undefined) return String(isSlow(provider) ? MIN_SECONDS_OF_DAYS : MIN_SECONDS);
  const among = (also?: string) => {
    const through = of(METRICS.dataThrough, also === undefined ? {} : { also });
    return `group by (provider, account) (last_over_time(${through}[${range}]))`;
  };
  const slow = `${MIN_SECONDS_OF_DAYS} * ${among(`provider=~"${RESTATES_DAYS.join('|')}"`)}`;
  return `${ON_ACCOUNT} (${slow} or ${MIN_SECONDS} * ${among()})`;
}

/**
 * By how many hours the bill of each account advanced within the window. What a new account billed before its first reading is its
 * baseline, which no counter counts, so its hours begin there.
 */
function billedHours(queries: Queries, range: string): string {
  const through = queries.of(METRICS.dataThrough);
  const end = `max by (provider, account) (last_over_time(${through}[${range}]))`;
  const first = `min by (provider, account) (max by (job, instance, provider, account) (min_over_time(${through}[${range}])))`;
  const seen = `min by (provider, account) (min_over_time(timestamp(${through})[${range}:1m]))`;
  const isNew = `${seen} unless ${ON_ACCOUNT} last_over_time(${through}[1d] offset ${range})`;
  const start = `max by (provider, account) (${first} or label_replace(${isNew}, "is", "new", "", ""))`;
  return `(${end} - ${start} >= ${minSeconds(queries, range)}) / 3600`;
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
  const slow = over(DAILY, `${billedHours(queries, DAILY)} or ${recordedHours(queries, DAILY)}`);
  // Without further labels `or` decides by account.
  const other = kept.length === ACCOUNT.length ? slow : `${slow} unless ${ON_ACCOUNT} (${recent})`;
  return summed(by, `${over(SMOOTH, recent)} or ${other}`);
}

/** US dollars per billed hour of each account now, and whether it has a rate. */
export function currentRates(queries: Queries): { readonly perHour: string; readonly known: string } {
  const over = (range: string) =>
    `${queries.net(METRICS.cost, ACCOUNT, { range })} / (${billedHours(queries, range)})`;
  return { perHour: `${over(SMOOTH)} or ${over(DAILY)}`, known: billedHours(queries, DAILY) };
}
