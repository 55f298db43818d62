import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Queries, summed } from './promql.ts';

/*
 * A bar stands on its day: the expression is evaluated at the midnight that begins a UTC day, looks forward over that day, and Grafana
 * draws the bar from there on. The window gauges know a day exactly and by the time of the usage, so they go first; counters serve what
 * has no gauge, and days before the exporter ran (backfill).
 */

const ACCOUNT = ['provider', 'account'] as const;
const ON_ACCOUNT = 'on (provider, account)';

/**
 * The value that an expression had last in a day, or in the day after it. The first and last five minutes are left out, because the
 * exporter and Prometheus need not agree on midnight to the second. The expression is evaluated as a whole at one instant, so that
 * series and exporters that ended earlier do not count again.
 */
function lastOfDay(expr: string, day: 'this' | 'next'): string {
  return `last_over_time((${expr})[23h50m:1h] offset -${day === 'this' ? '23h55m' : '47h55m'})`;
}

/**
 * Moves the evaluation to the UTC midnight nearest to it. If a viewer selects another time zone, Grafana evaluates at midnight of
 * that zone; the bar then still shows the UTC day of the date it stands on.
 */
export function onDay(expr: string): string {
  return `last_over_time((${expr})[1d:1d] offset -12h)`;
}

/** As {@link onDay}, for hours and for zones that are half an hour off. */
export function onHour(expr: string): string {
  return `last_over_time((${expr})[1h:1h] offset -29m)`;
}

/** The midnight of {@link onDay}. */
const DAY_SHOWN = '(86400 * floor(vector(time() / 86400 + 0.5)))';

/**
 * To the minute, but evaluated once: the day that begins with the last midnight of the chart. Prometheus shifts `@ end()` within a
 * subquery that has an offset, so this must not be inside {@link onDay}.
 */
const TODAY = '[1d:1m] @ end() offset -1d';

/** The newest value of an expression, in the bucket whose age in seconds was at least `from`, and below `to`, when it was scraped. */
function newest({ of }: Queries, expr: string, from: string, to: string): string {
  const scraped = `timestamp(${of(METRICS.costWindowComplete, { also: 'window="today"' })})`;
  const age = `(scalar(max(last_over_time(${scraped}${TODAY}))) - ${DAY_SHOWN})`;
  return `last_over_time((${expr})${TODAY}) and on () (${age} >= ${from} < ${to})`;
}

/**
 * Net cost per UTC day, for a panel with an interval of a day: as known at the end of the following day, so that what arrives late
 * counts where it belongs; until then as known now; for days on which no exporter ran, by counters.
 */
export function costPerDay(queries: Queries, by: readonly string[]): string {
  const kept = [...new Set([...ACCOUNT, ...by])];
  const yesterday = queries.gauge(METRICS.costYesterday, kept);
  const today = queries.gauge(METRICS.costToday, kept);
  const now = `${newest(queries, today, '0', '86400')} or ${newest(queries, yesterday, '86400', '172800')}`;
  const closed = lastOfDay(yesterday, 'next');
  const counted = queries.grown(METRICS.cost, kept, '1d');
  const ran = `max_over_time(${queries.of(METRICS.costWindowComplete, { also: 'window="today"' })}[1d] offset -1d)`;
  const other = `${lastOfDay(today, 'this')} or (${counted} unless ${ON_ACCOUNT} ${ran})`;
  const rest = onDay(`(${other}) unless ${ON_ACCOUNT} ${closed}`);
  return summed(by, `${onDay(closed)} or ${now} or ${rest}`);
}

/**
 * Net cost per UTC month, on the first of the month, for a panel with an interval of a day: as known late in the following month; until
 * then as known now.
 */
export function costPerMonth(queries: Queries, by: readonly string[]): string {
  const kept = [...new Set([...ACCOUNT, ...by])];
  const lastMonth = queries.gauge(METRICS.costLastMonth, kept);
  const length = `86400 * days_in_month(${DAY_SHOWN})`;
  const month = [
    // From day 31 to day 55 after the first of any month it is last month.
    onDay(`last_over_time((${lastMonth})[24d:6h] offset -55d)`),
    newest(queries, queries.gauge(METRICS.costMonthToDate, kept), '0', `on () (${length})`),
    newest(queries, lastMonth, `on () (${length})`, `on () (${length} + 2678400)`),
  ];
  return `${summed(by, month.join(' or '))} and on () (day_of_month(${DAY_SHOWN}) == 1)`;
}

/** The number of days of the last UTC month. */
export const DAYS_OF_LAST_MONTH = 'day_of_month(vector(time()) - 86400 * day_of_month(vector(time())))';
