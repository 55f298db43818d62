import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Narrowing, type Queries, summed } from './promql.ts';

/*
 * A bar stands on its day: the expression is evaluated at the midnight that begins a UTC day, looks forward over that day, and Grafana
 * draws the bar from there on. The window gauges know a day exactly and by the time of the usage, so they go first; counters serve what
 * has no gauge, and days before the exporter ran (backfill).
 */

const ACCOUNT = ['provider', 'account'] as const;
const ON_ACCOUNT = 'on (provider, account)';

/**
 * The value that an expression had last in a day. The day's first and last five minutes are left out, because the exporter and
 * Prometheus need not agree on midnight to the second. The expression is evaluated as a whole at one instant, so that series and
 * exporters that ended earlier do not count again.
 */
function lastOfDay(expr: string, day: 'this' | 'next'): string {
  return `last_over_time((${expr})[23h50m:5m] offset -${day === 'this' ? '23h55m' : '47h55m'})`;
}

/**
 * Net cost of the UTC day that begins at the evaluation time: as known at the end of the following day, so that what arrives late counts
 * where it belongs; until then as known now; for days on which no exporter ran, by counters.
 */
export function costOfDay(queries: Queries, by: readonly string[], narrowing?: Narrowing): string {
  const kept = [...new Set([...ACCOUNT, ...by])];
  const closed = lastOfDay(queries.gauge(METRICS.costYesterday, kept, narrowing), 'next');
  const open = lastOfDay(queries.gauge(METRICS.costToday, kept, narrowing), 'this');
  const counted = queries.grown(METRICS.cost, kept, '1d', narrowing);
  const ran = `max_over_time(${queries.of(METRICS.costWindowComplete, { also: 'window="today"' })}[1d] offset -1d)`;
  const other = `${open} or (${counted} unless ${ON_ACCOUNT} ${ran})`;
  const day = `${closed} or ((${other}) unless ${ON_ACCOUNT} ${closed})`;
  return kept.length === by.length ? day : summed(by, day);
}

/**
 * Moves the evaluation to the UTC midnight nearest to it. If a viewer selects another time zone, Grafana evaluates at midnight of
 * that zone; the bar then still shows the UTC day of the date it stands on.
 */
export function onDay(expr: string): string {
  return `last_over_time((${expr})[1d:1d] offset -12h)`;
}

/** Cost per UTC day, for a panel with an interval of a day. */
export function costPerDay(queries: Queries, by: readonly string[], narrowing?: Narrowing): string {
  return onDay(costOfDay(queries, by, narrowing));
}

/**
 * Net cost of the UTC month that begins at the evaluation time, and nothing on other days: from the gauge of last month, as known late in
 * the following month; until then from month to date.
 */
export function costPerMonth(queries: Queries, by: readonly string[]): string {
  const kept = [...new Set([...ACCOUNT, ...by])];
  // From day 31 to day 56 after the first of any month it is last month.
  const closed = `last_over_time((${queries.gauge(METRICS.costLastMonth, kept)})[24d:1h] offset -55d)`;
  const toDate = queries.gauge(METRICS.costMonthToDate, kept);
  const open = [28, 29, 30, 31].map(
    (days) =>
      `last_over_time((${toDate})[${days * 24 - 2}h:1h] offset -${days * 24 - 1}h) and on () (days_in_month(vector(time())) == ${days})`,
  );
  const month = `${closed} or ((${open.join(' or ')}) unless ${ON_ACCOUNT} ${closed})`;
  const first = 'on () (day_of_month(vector(time())) == 1)';
  return onDay(`${summed(by, month)} and ${first}`);
}

/** The number of days of the last UTC month. */
export const DAYS_OF_LAST_MONTH = 'day_of_month(vector(time()) - 86400 * day_of_month(vector(time())))';

/** As {@link onDay}, for hours and for zones that are half an hour off. */
export function onHour(expr: string): string {
  return `last_over_time((${expr})[1h:1h] offset -29m)`;
}
