import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { WINDOWS, type Window } from '../../src/core/reports/windows.ts';
import { type Panel, type Row, USD } from './board.ts';
import { COMPLETED_DAYS, COUNTED } from './freshness.ts';
import type { Queries } from './promql.ts';
import { currentRates } from './rate.ts';

const ACCOUNT = ['provider', 'account'] as const;

/** The gauge and the heading of each window. */
const SHOWN: Readonly<Record<Window, { metric: Metric; title: string; what: string }>> = {
  today: { metric: METRICS.costToday, title: 'Today', what: 'the current UTC day so far' },
  yesterday: { metric: METRICS.costYesterday, title: 'Yesterday', what: 'the previous UTC day' },
  month_to_date: {
    metric: METRICS.costMonthToDate,
    title: 'Month to date',
    what: 'the current UTC month so far',
  },
  last_month: { metric: METRICS.costLastMonth, title: 'Last month', what: 'the previous UTC month' },
};

/** Whether the window of each account has been read completely: 1 or 0. */
export function completeness({ latest }: Queries, window: Window): string {
  return latest(METRICS.costWindowComplete, ACCOUNT, { also: `window="${window}"` });
}

const ACCOUNTS = 'accounts: {{some}} of {{all}}';
/** The name of a total that is made of fewer accounts than there are. */
export const IS_PARTIAL = { name: '/^accounts: (\\d+) of (?!\\1$)/', color: 'orange' } as const;

/**
 * A total with the labels `some` and `all`: of how many accounts it is made. The panel colors it if they differ.
 *
 * @param known The accounts that are in the total, wholly.
 */
function accounted(total: string, accounts: string, known: string): Panel['queries'] {
  const all = `count(${accounts})`;
  const some = `count(${known}) or 0 * ${all}`;
  const labels = `count_values("some", ${some}) * on () group_left (all) count_values("all", ${all})`;
  return [{ expr: `(${total}) * on () group_left (some, all) (${labels})`, legend: ACCOUNTS }];
}

const PARTIAL = 'Orange: accounts are missing, wholly or in part; the table below names them.';

/** Exact dollars of today, yesterday and the months. */
export function windowTotal(
  queries: Queries,
  window: Window,
  { id, width = 4, freshness }: { id: number; width?: number; freshness: string },
): Panel {
  const { metric, title, what } = SHOWN[window];
  const complete = completeness(queries, window);
  return {
    id,
    kind: 'stat',
    title,
    about: `Cost of ${what}, exact and net of corrections. ${PARTIAL} ${freshness}`,
    unit: USD,
    width,
    queries: accounted(queries.gauge(metric, []), complete, `${complete} == 1`),
    colored: IS_PARTIAL,
    empty:
      window === 'today' && COMPLETED_DAYS.includes(queries.provider ?? '')
        ? 'Unknown: the provider reports a day once it is over.'
        : 'Not read yet: appears once the whole window has been read.',
  };
}

/** The current rate in US dollars per hour. */
export function rate(
  queries: Queries,
  { id, width = 4, freshness }: { id: number; width?: number; freshness: string },
): Panel {
  const { perHour, known } = currentRates(queries);
  return {
    id,
    kind: 'stat',
    title: 'Spend per hour',
    about: `US dollars per billed hour, over the last six hours that were read, or the last day if the provider bills by the day. Needs ten minutes of billed time, or three hours of it in a day. ${COUNTED} ${freshness}`,
    unit: USD,
    width,
    queries: accounted(`sum(${perHour})`, completeness(queries, 'today'), known),
    colored: IS_PARTIAL,
    empty: 'Needs ten minutes of billed time, or three hours if billed by the day.',
  };
}

const COMPLETE = { '0': ['incomplete', 'orange'], '1': ['complete', 'text'] } as const;

/** The accounts that are missing from a total, wholly or in part. Id 30. */
export function incomplete(queries: Queries): Panel {
  const missing = WINDOWS.map((window) => `(${completeness(queries, window)} == 0)`).join(' or ');
  return {
    id: 30,
    kind: 'table',
    title: 'Incomplete accounts',
    about:
      'Accounts with a UTC day or month that has not been read completely: totals exclude it, or include only the part since the `since` of the account. The status page says why. If a provider bills completed days only, today is never complete.',
    unit: 'none',
    width: 24,
    height: queries.provider === undefined ? 7 : 4,
    labels: ['provider', 'who'],
    sortBy: 'Provider',
    queries: WINDOWS.map((window) => ({
      expr: queries.withAccount(`${completeness(queries, window)} and on (provider, account) (${missing})`),
      column: SHOWN[window].title,
    })),
    states: COMPLETE,
    empty: 'None. Where totals are shown, they contain every account.',
  };
}

/** The first row of a provider's dashboard: its cost. Ids 1 to 5, and 30. */
export function totals(queries: Queries, freshness: string, more: readonly Panel[] = []): Row {
  const now = WINDOWS.map((window, index) => windowTotal(queries, window, { id: index + 1, freshness }));
  return {
    title: 'Totals',
    panels: [...now, rate(queries, { id: 5, freshness }), ...more, incomplete(queries)],
  };
}
