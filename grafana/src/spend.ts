import { METRICS } from '../../src/core/metrics/catalog.ts';
import { WINDOWS, type Window } from '../../src/core/reports/windows.ts';
import type { Panel, Row } from './board.ts';
import { COUNTED } from './freshness.ts';
import { highest, named, type Queries, RESOURCE } from './promql.ts';

/** Short windows swing between nothing and twice the truth where bills move once an hour. */
const SMOOTH = { range: '6h' };
/** A bar a day: bars do not overlap and add up. */
export const DAILY = { range: '$__interval' };
/** What a bar says of its place. */
export const BARS = 'Each bar is the time that ends where it stands, a UTC day or longer.';

/** How many accounts each of the totals of {@link windows} lacks, in whole or in part. Id 30. */
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
    title: 'Accounts that these totals lack',
    about:
      'Accounts whose UTC day or month was not read whole, from its start: a total is without them, or holds only a part of them. Where a provider bills only days that have ended, today is never complete.',
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

/** The dollars of today, yesterday and the months, exact. Ids 1 to 4. */
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
    one(1, 'Today', METRICS.costToday, 'What the current UTC day has cost so far.'),
    one(2, 'Yesterday', METRICS.costYesterday, 'What the UTC day before has cost; it may still be revised.'),
    one(3, 'Month to date', METRICS.costMonthToDate, 'What the current UTC month has cost so far.'),
    one(4, 'Last month', METRICS.costLastMonth, 'What the UTC month before has cost.'),
  ];
}

/** US dollars an hour, of now. Id 5. */
export function rate({ net }: Queries, freshness: string): Panel {
  return {
    id: 5,
    kind: 'stat',
    title: 'Spend per hour',
    about: `US dollars an hour over the last six hours. ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 4,
    queries: [{ expr: `${net(METRICS.cost, [], SMOOTH)} / 6` }],
    empty: 'no data',
  };
}

/** What differs between panels of spend over time. */
export interface Shown {
  readonly id: number;
  readonly title: string;
  readonly by: readonly string[];
  readonly legend: string;
  readonly freshness: string;
}

/** US dollars an hour, stacked, all series. */
export function perHour({ net }: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    ...shown,
    kind: 'stack',
    about: `US dollars an hour, each point over the six hours before it. ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [{ expr: `${net(METRICS.cost, by, SMOOTH)} / 6`, legend }],
  };
}

/** US dollars an hour, the ten dearest of the time shown, and all others as one. Resources go by their current names. */
export function dearest({ net, of }: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  const at = (window: Parameters<typeof net>[2]) => net(METRICS.cost, by, window);
  const { top, others } = highest(10, by, { at, over: SMOOTH });
  const expr = by.includes('resource') ? named(`(${top}) / 6`, of(METRICS.resourceInfo)) : `(${top}) / 6`;
  return {
    ...shown,
    kind: 'stack',
    about: `US dollars an hour, each point over the six hours before it: the ten dearest of the time shown, and all others together. ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [
      { expr, legend },
      { expr: `${others} / 6`, legend: 'all others' },
    ],
  };
}

/** US dollars a day, as stacked bars. */
export function perDay({ net }: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    ...shown,
    kind: 'bars',
    every: '1d',
    about: `US dollars a day. ${BARS} ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [{ expr: net(METRICS.cost, by, DAILY), legend }],
  };
}

/** A table of what resources cost, with what is known about them. */
export function resources(
  { net, gauge, of }: Queries,
  { id, title, freshness, info }: { id: number; title: string; freshness: string; info: readonly string[] },
): Panel {
  const by = [...RESOURCE, 'model', 'tier'];
  const called = (expr: string) => named(expr, of(METRICS.resourceInfo), info);
  const spent = net(METRICS.cost, by, { range: '$__range' });
  const dearest = `topk(50, ${spent})`;
  const ofThem = (metric: Parameters<typeof gauge>[0]) =>
    called(`${gauge(metric, by)} and on (${by.join(', ')}) ${dearest}`);
  return {
    id,
    kind: 'table',
    title,
    about: `The fifty dearest of the time shown, under their current names. ${COUNTED} Today and the month are exact. ${freshness}`,
    unit: 'currencyUSD',
    width: 24,
    labels: ['provider', 'account', ...info, 'resource', 'model', 'tier'],
    sortBy: 'Spent',
    queries: [
      { expr: called(dearest), column: 'Spent' },
      { expr: ofThem(METRICS.costToday), column: 'Today' },
      { expr: ofThem(METRICS.costMonthToDate), column: 'Month to date' },
    ],
  };
}

/** The first row of a provider's dashboard: what it costs. Ids 1 to 5. */
export function totals(queries: Queries, freshness: string, more: readonly Panel[] = []): Row {
  const now = [...windows(queries, freshness), rate(queries, freshness), ...more];
  return { title: 'Totals', panels: [...now, incomplete(queries)] };
}
