import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { type Narrowing, type Queries, summed } from './promql.ts';

/*
 * Spend per hour is the cost that was read divided by the billed time that was read, not by the length of the window: right from the
 * first minutes on and after a gap, and spread over its bucket where a provider bills whole hours or days.
 */

const ACCOUNT = ['provider', 'account'] as const;
const ON_ACCOUNT = 'on (provider, account)';

/** The window, and the billed time in it that makes more than noise. */
interface Averaging {
  readonly range: string;
  readonly minSeconds: number;
}

/** Bills that move once an hour need several steps. */
const RECENT: Averaging = { range: '6h', minSeconds: 600 };
/** Holds one step of what is billed once a day. */
const DAILY: Averaging = { range: '1d', minSeconds: 10_800 };

/** Providers that bill by the day and restate it while it goes on: some items move once an hour, others once a day. */
const BY_DAY = PROVIDERS.filter(({ feeds }) =>
  feeds.every(({ stream }) => !stream || (stream.granularity === 'day' && !stream.closedBuckets)),
).map(({ id }) => id);

/** Shown until there is a rate. */
export const NO_RATE =
  'Appears when ten minutes of billed time have been read; if the bill moves by the hour or day, after three steps of it.';
/**
 * By how many hours the bill of each account advanced within the window. What a new account billed before its first reading is its
 * baseline, which no counter counts, so its hours begin there.
 */
function billedHours(queries: Queries, { range, minSeconds }: Averaging, also?: string): string {
  const through = queries.of(METRICS.dataThrough, also === undefined ? {} : { also });
  const end = `max by (provider, account) (last_over_time(${through}[${range}]))`;
  const first = `min by (provider, account) (max by (job, instance, provider, account) (min_over_time(${through}[${range}])))`;
  const seen = `min by (provider, account) (min_over_time(timestamp(${through})[${range}:1m]))`;
  const isNew = `${seen} unless ${ON_ACCOUNT} last_over_time(${through}[1d] offset ${range})`;
  const start = `max by (provider, account) (${first} or label_replace(${isNew}, "is", "new", "", ""))`;
  return `(${end} - ${start} >= ${minSeconds}) / 3600`;
}

/** The hours of {@link RECENT}; none of providers that bill by the day. */
function recentHours(queries: Queries): string | undefined {
  const { provider } = queries;
  if (provider !== undefined && BY_DAY.includes(provider)) return undefined;
  return billedHours(queries, RECENT, provider === undefined ? `provider!~"${BY_DAY.join('|')}"` : undefined);
}

/** Hours with samples of accounts without data-through: days before the exporter ran (backfill) have counters only. */
function recordedHours({ of, select }: Queries): string {
  const { range } = DAILY;
  const recorded = `group by (provider, account) (${select('ai_billing_cost_corrections_usd_total', METRICS.cost.labels)})`;
  const known = `max_over_time(${of(METRICS.dataThrough)}[${range}])`;
  return `count_over_time((${recorded})[${range}:5m]) / 12 unless ${ON_ACCOUNT} ${known}`;
}

/**
 * US dollars per billed hour: of the last six hours that were read; of the last day, if the provider bills by the day or these six hours
 * hold no step of the bill.
 */
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
  const over = ({ range }: Averaging, hours: string) =>
    `${queries.net(metric, kept, { range }, narrowing)} / ${ON_ACCOUNT} group_left () (${hours})`;
  const recent = recentHours(queries);
  const slow = over(DAILY, `${billedHours(queries, DAILY)} or ${recordedHours(queries)}`);
  if (recent === undefined) return summed(by, slow);
  // Without further labels `or` decides by account.
  const other = kept.length === ACCOUNT.length ? slow : `${slow} unless ${ON_ACCOUNT} (${recent})`;
  return summed(by, `${over(RECENT, recent)} or ${other}`);
}

/** US dollars per billed hour of each account now, and which accounts have a rate. */
export function currentRates(queries: Queries): { readonly perHour: string; readonly known: string } {
  const over = ({ range }: Averaging, hours: string) =>
    `${queries.net(METRICS.cost, ACCOUNT, { range })} / (${hours})`;
  const [recent, slow] = [recentHours(queries), billedHours(queries, DAILY)];
  if (recent === undefined) return { perHour: over(DAILY, slow), known: slow };
  return { perHour: `${over(RECENT, recent)} or ${over(DAILY, slow)}`, known: `${recent} or ${slow}` };
}
