import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { type Panel, USD } from './board.ts';
import { costPerDay, onDay } from './calendar.ts';
import { COUNTED } from './freshness.ts';
import { highest, orNone, type Queries, RESOURCE, SHOWN } from './promql.ts';
import { costPerHour, NO_RATE, usagePerHour } from './rate.ts';

/** What a bar of cost covers. */
export const DAYS =
  'Each bar is the UTC day it stands on, exact and as revised until the end of the day after; the last one is today so far.';
/** What a bar of a counter covers. */
export const BARS =
  'Each bar is the UTC day it stands on, by the time the charge was read; the last one is today so far.';
const NO_DAY = 'Appears within five minutes of the first reading. Earlier days need a backfill.';

/** The varying parts of panels of spend over time. */
export interface Shown {
  readonly id: number;
  readonly title: string;
  readonly by: readonly string[];
  readonly legend: string;
  readonly freshness: string;
  /** 12 when absent. */
  readonly width?: number;
}

const HOURLY =
  'US dollars per billed hour, each point over the preceding six hours that were read, or a day if the provider bills by the day';

/** US dollars per hour, stacked, all series. */
export function perHour(queries: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    width: 12,
    ...shown,
    kind: 'stack',
    about: `${HOURLY}. ${COUNTED} ${freshness}`,
    unit: USD,
    queries: [{ expr: orNone(costPerHour(queries, by), by), legend }],
    empty: NO_RATE,
  };
}

/** US dollars per hour: the top ten by cost, and all others as one series. Resources have their current names. */
export function topCost(queries: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  const { top, others } = highest(10, by, {
    ranked: queries.net(METRICS.cost, by, SHOWN),
    all: costPerHour(queries, by),
  });
  const isNamed = by.includes('resource');
  const expr = isNamed ? queries.withNames(top) : top;
  return {
    width: 12,
    ...shown,
    kind: 'stack',
    about: `${HOURLY}: the top ten by cost in the selected time range, and all others as one. ${COUNTED} ${freshness}`,
    unit: USD,
    queries: [
      { expr: orNone(expr, isNamed ? ['name'] : by), legend },
      { expr: others, legend: 'all others' },
    ],
    empty: NO_RATE,
  };
}

/** Usage per hour, stacked. */
export function usage(queries: Queries, metric: Metric, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    width: 12,
    ...shown,
    kind: 'stack',
    about: `Each point covers the last six hours that were read. ${COUNTED} ${freshness}`,
    unit: 'short',
    queries: [{ expr: orNone(usagePerHour(queries, metric, by), by), legend }],
    empty: 'The provider does not report it, or ten minutes of billed time have not been read yet.',
  };
}

/** US dollars per day, as stacked bars. */
export function perDay(queries: Queries, { by, legend, freshness, ...shown }: Shown): Panel {
  return {
    width: 12,
    ...shown,
    kind: 'bars',
    every: '1d',
    about: `US dollars per day. ${DAYS} ${freshness}`,
    unit: USD,
    queries: [{ expr: orNone(costPerDay(queries, by), by), legend }],
    empty: NO_DAY,
  };
}

/** Growth of a counter per day, as stacked bars. */
export function countedPerDay(
  { grown, withAccount }: Queries,
  metric: Metric,
  { by, about, legend, ...shown }: Omit<Shown, 'freshness'> & Pick<Panel, 'about' | 'unit' | 'empty'>,
): Panel {
  const days = orNone(`${onDay(grown(metric, by, '1d'))} != 0`, by);
  return {
    width: 12,
    ...shown,
    kind: 'bars',
    every: '1d',
    about: `${about} ${BARS}`,
    queries: [{ expr: by.includes('account') ? withAccount(days) : days, legend }],
  };
}

/** A table of what costs most: resources by their names, and models of what has none. */
export function resources(
  queries: Queries,
  { id, title, freshness, info }: { id: number; title: string; freshness: string; info: readonly string[] },
): Panel {
  const by = [...RESOURCE, 'model', 'tier'];
  const spent = queries.net(METRICS.cost, by, { range: '$__range' });
  const month = queries.gauge(METRICS.costMonthToDate, by);
  // Until Prometheus has seen spend, the month says what is expensive.
  const top = `on (${by.join(', ')}) topk(50, ${spent} or ${month} unless on (provider, account) ${spent})`;
  const shown = (expr: string) => queries.withAccount(queries.described(`(${expr}) and ${top}`, info));
  return {
    id,
    kind: 'table',
    title,
    about: `The 50 that cost most in the selected time range, by current name. *Spent* covers that range, as far as Prometheus recorded it. ${COUNTED} Today and the months are exact. ${freshness}`,
    unit: USD,
    width: 24,
    labels: ['provider', 'who', 'what', ...info, 'tier', 'model'],
    sortBy: 'Spent',
    queries: [
      { expr: shown(spent), column: 'Spent' },
      { expr: shown(queries.gauge(METRICS.costToday, by)), column: 'Today' },
      { expr: shown(month), column: 'Month to date' },
      { expr: shown(queries.gauge(METRICS.costLastMonth, by)), column: 'Last month' },
    ],
    empty: 'Nothing was spent in the selected time range or this month.',
  };
}
