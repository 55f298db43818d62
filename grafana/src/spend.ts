import { METRICS } from '../../src/core/metrics/catalog.ts';
import { WINDOWS, type Window } from '../../src/core/reports/windows.ts';
import type { Panel, Row } from './board.ts';
import { COUNTED } from './freshness.ts';
import { highest, named, type Queries, RESOURCE } from './promql.ts';

/** Bills that move once an hour make shorter windows swing between zero and twice the real rate. */
const SMOOTH = { range: '6h' };
/** One bar per day, so that bars do not overlap and can be added up. */
export const DAILY = { range: '$__interval' };
/** What a bar covers. */
export const BARS = 'Each bar covers the time that ends at its position: one UTC day or longer.';

/** The number of accounts that are missing from each total of {@link windows}, entirely or in part. Id 30. */
export function incomplete({ latest }: Queries): Panel {
  const count = (window: Window) => {
    const complete = latest(METRICS.costWindowComplete, ['provider', 'account'], {
      also: `window="${window}"`,
    });
    return `count(${complete} == 0) or 0 * count(${complete})`;
  };
  const names = {
    today: 'today',
    yesterday: 'yesterday',
    month_to_date: 'month to date',
    last_month: 'last month',
  };
  return {
    id: 30,
    kind: 'stat',
    title: 'Incomplete accounts',
    about:
      'Accounts whose UTC day or month has not been read completely: the totals above exclude them, or include only a part. If a provider bills completed days only, today is never complete.',
    unit: 'none',
    width: 24,
    queries: WINDOWS.map((window) => ({ expr: count(window), legend: names[window] })),
    steps: [
      [null, 'green'],
      [1, 'yellow'],
    ],
    empty: 'no account',
  };
}

/** Exact dollars of today, yesterday and the months. Ids 1 to 4. */
export function windows({ gauge }: Queries, freshness: string): Panel[] {
  const exact = `Exact and net of corrections. ${freshness}`;
  const one = (id: number, title: string, metric: Parameters<typeof gauge>[0], about: string): Panel => ({
    id,
    kind: 'stat',
    title,
    about: `${about} ${exact}`,
    unit: 'currencyUSD',
    width: 4,
    queries: [{ expr: gauge(metric, []) }],
    empty: 'not read yet',
  });
  return [
    one(1, 'Today', METRICS.costToday, 'Cost of the current UTC day so far.'),
    one(2, 'Yesterday', METRICS.costYesterday, 'Cost of the previous UTC day. May still be revised.'),
    one(3, 'Month to date', METRICS.costMonthToDate, 'Cost of the current UTC month so far.'),
    one(4, 'Last month', METRICS.costLastMonth, 'Cost of the previous UTC month.'),
  ];
}

/** The current rate in US dollars per hour. Id 5. */
export function rate({ net }: Queries, freshness: string): Panel {
  return {
    id: 5,
    kind: 'stat',
    title: 'Spend per hour',
    about: `US dollars per hour, averaged over the last six hours. ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 4,
    queries: [{ expr: `${net(METRICS.cost, [], SMOOTH)} / 6` }],
    empty: 'no data',
  };
}

/** The varying parts of panels of spend over time. */
export interface Shown {
  readonly id: number;
  readonly title: string;
  readonly by: readonly string[];
  readonly legend: string;
  readonly freshness: string;
}

/** US dollars per hour, stacked, all series. */
export function perHour({ net }: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    ...shown,
    kind: 'stack',
    about: `US dollars per hour. Each point covers the preceding six hours. ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [{ expr: `${net(METRICS.cost, by, SMOOTH)} / 6`, legend }],
  };
}

/** US dollars per hour: the top ten by cost, and all others as one series. Resources have their current names. */
export function topCost({ net, of }: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  const at = (window: Parameters<typeof net>[2]) => net(METRICS.cost, by, window);
  const { top, others } = highest(10, by, { at, over: SMOOTH });
  const expr = by.includes('resource') ? named(`(${top}) / 6`, of(METRICS.resourceInfo)) : `(${top}) / 6`;
  return {
    ...shown,
    kind: 'stack',
    about: `US dollars per hour: the top ten by cost in the selected time range, and all others as one. Each point covers the preceding six hours. ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [
      { expr, legend },
      { expr: `${others} / 6`, legend: 'all others' },
    ],
  };
}

/** US dollars per day, as stacked bars. */
export function perDay({ net }: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    ...shown,
    kind: 'bars',
    every: '1d',
    about: `US dollars per day. ${BARS} ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [{ expr: net(METRICS.cost, by, DAILY), legend }],
  };
}

/** A table of the most expensive resources, with their properties. */
export function resources(
  { net, gauge, of }: Queries,
  { id, title, freshness, info }: { id: number; title: string; freshness: string; info: readonly string[] },
): Panel {
  const by = [...RESOURCE, 'model', 'tier'];
  const called = (expr: string) => named(expr, of(METRICS.resourceInfo), info);
  const spent = net(METRICS.cost, by, { range: '$__range' });
  const top = `topk(50, ${spent})`;
  const ofThem = (metric: Parameters<typeof gauge>[0]) =>
    called(`${gauge(metric, by)} and on (${by.join(', ')}) ${top}`);
  return {
    id,
    kind: 'table',
    title,
    about: `The 50 most expensive resources in the selected time range, by current name. ${COUNTED} Today and the month are exact. ${freshness}`,
    unit: 'currencyUSD',
    width: 24,
    labels: ['provider', 'account', ...info, 'resource', 'model', 'tier'],
    sortBy: 'Spent',
    queries: [
      { expr: called(top), column: 'Spent' },
      { expr: ofThem(METRICS.costToday), column: 'Today' },
      { expr: ofThem(METRICS.costMonthToDate), column: 'Month to date' },
    ],
  };
}

/** The first row of a provider's dashboard: its cost. Ids 1 to 5. */
export function totals(queries: Queries, freshness: string, more: readonly Panel[] = []): Row {
  const now = [...windows(queries, freshness), rate(queries, freshness), ...more];
  return { title: 'Totals', panels: [...now, incomplete(queries)] };
}
