import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { type Panel, USD } from './board.ts';
import { costPerDay, costPerMonth } from './calendar.ts';
import { named, orNone, type Queries, RESOURCE } from './promql.ts';
import { DAYS } from './spend.ts';

/** Spend by properties of resources, such as their team. */
interface Breakdown {
  readonly id: number;
  readonly title: string;
  readonly labels: readonly string[];
  readonly freshness: string;
}

/** Sums an expression of resources by their properties; what has none is `(no team)`. */
export function byInfo(queries: Queries, expr: string, labels: readonly string[]): string {
  const owned = named(expr, queries.info(), ['name', ...labels]);
  return orNone(`sum by (${labels.join(', ')}) (${owned})`, labels);
}

const OF_NOW = 'By what the resource belongs to now.';

/** US dollars per day or month, as stacked bars. */
export function spendByInfo(
  queries: Queries,
  step: 'day' | 'month',
  { labels, freshness, ...shown }: Breakdown,
): Panel {
  const isDay = step === 'day';
  const spent = isDay ? costPerDay(queries, RESOURCE) : costPerMonth(queries, RESOURCE);
  const months =
    'Each bar begins on the first day of its UTC month; the last one is this month so far. Shows a year regardless of the selected time range.';
  return {
    ...shown,
    kind: 'bars',
    every: '1d',
    ...(isDay ? {} : { back: '1y' }),
    about: `US dollars per ${step}. ${OF_NOW} ${isDay ? DAYS : months} ${freshness}`,
    unit: USD,
    width: 12,
    queries: [
      { expr: byInfo(queries, spent, labels), legend: labels.map((label) => `{{${label}}}`).join(' / ') },
    ],
    empty: `Appears ${isDay ? 'within five minutes' : 'within an hour'} of the first reading.`,
  };
}

/** A table of exact dollars of today and the months, and of each one's share. */
export function invoice(queries: Queries, { labels, freshness, ...shown }: Breakdown): Panel {
  const of = (metric: Metric) => byInfo(queries, queries.gauge(metric, RESOURCE), labels);
  const [month, last] = [of(METRICS.costMonthToDate), of(METRICS.costLastMonth)];
  return {
    ...shown,
    kind: 'table',
    about: `Exact dollars. ${OF_NOW} Spend without a resource, or of one without the property, is listed as such, so that the rows add up to the bill. Incomplete accounts are excluded or included in part. ${freshness}`,
    unit: USD,
    width: 12,
    labels,
    sortBy: 'Month to date',
    queries: [
      { expr: of(METRICS.costToday), column: 'Today' },
      { expr: month, column: 'Month to date' },
      { expr: `${month} / on () group_left () sum(${month})`, column: 'Share', unit: 'percentunit' },
      { expr: last, column: 'Last month' },
      {
        expr: `${last} / on () group_left () sum(${last})`,
        column: 'Share of last month',
        unit: 'percentunit',
      },
    ],
    empty: 'Nothing has been read yet.',
  };
}
