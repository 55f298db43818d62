import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { type Panel, USD } from './board.ts';
import { costPerMonth, DAYS_OF_LAST_MONTH } from './calendar.ts';
import { LEDGER } from './freshness.ts';
import { orNone, type Queries } from './promql.ts';
import { completeness } from './totals.ts';

interface Spot {
  readonly id: number;
  readonly width: number;
}

const ACCOUNT = ['provider', 'account'];

/** By how much this month differs from the same days of the last, which Prometheus must have seen, or from an even share of it. */
export function againstLastMonth(queries: Queries, { id, width }: Spot): Panel {
  const { gauge } = queries;
  const isKnown = (['month_to_date', 'last_month'] as const).map(
    (window) => `on (provider, account) (${completeness(queries, window)} == 1)`,
  );
  const ofKnown = (metric: Metric) => `sum(${[gauge(metric, ACCOUNT), ...isKnown].join(' and ')})`;
  const then = [28, 29, 30, 31].map((days) => {
    const isLength = `on () (${DAYS_OF_LAST_MONTH} == ${days} >= day_of_month(vector(time())))`;
    return `${gauge(METRICS.costMonthToDate, [], { shift: `${days}d` })} and ${isLength}`;
  });
  const sameDays = `(${then.join(' or ')})`;
  const monthStart = '(day_of_month(vector(time())) - 1 + (time() % 86400) / 86400)';
  const share = `clamp_max(${monthStart} / on () ${DAYS_OF_LAST_MONTH}, 1)`;
  const even = `(${ofKnown(METRICS.costLastMonth)} * on () ${share} unless on () ${sameDays})`;
  const change = (now: string, before: string) => `${now} / (${before} > 0) - 1`;
  return {
    id,
    kind: 'stat',
    title: 'Against last month',
    about: `Last month up to the same day and hour, and the change from it to month to date. Prometheus must have recorded last month for that; until then, the panel takes an even share of last month, of the accounts that are complete in both months. An even share ignores quiet nights and weekends, so it says little in the first days of a month. ${LEDGER}`,
    unit: USD,
    width,
    queries: [
      { expr: sameDays, legend: 'same days of last month', color: 'text' },
      { expr: even, legend: 'even share of last month', color: 'text' },
      {
        expr: `${change(gauge(METRICS.costMonthToDate, []), sameDays)} or ${change(ofKnown(METRICS.costMonthToDate), even)}`,
        legend: 'change',
        unit: 'percentunit',
        color: 'blue',
      },
    ],
    empty: 'No account has both months read completely yet.',
  };
}

/** The budget that is closest to its limit at the end of its period. */
export function budgetForecast({ latest }: Queries, { id, width }: Spot): Panel {
  const [forecast, limit] = [latest(METRICS.budgetForecast), latest(METRICS.budgetLimit)];
  const closest = `topk(1, ${forecast} / ${limit})`;
  const isOver = `on (budget) (${forecast} > ${limit})`;
  const shown = `${forecast} and on (budget) ${closest}`;
  const legend = '{{budget}}: forecast';
  return {
    id,
    kind: 'stat',
    title: 'Forecast of the tightest budget',
    about: `The budget whose forecast for the end of its period is highest as a share of its limit: forecast and limit. Red: over the limit. A forecast needs 24 hours of data. Budgets may overlap, so there is no total. ${LEDGER}`,
    unit: USD,
    width,
    queries: [
      { expr: `${shown} unless ${isOver}`, legend, color: 'green' },
      { expr: `${shown} and ${isOver}`, legend, color: 'red' },
      { expr: `${limit} and on (budget) ${closest}`, legend: 'limit', color: 'text' },
    ],
    empty: 'No forecast: it needs a budget in the configuration and 24 hours of data.',
  };
}

/** Each provider's windows and its share of the month. */
export function providers({ gauge }: Queries, { id, width }: Spot): Panel {
  const of = (metric: Parameters<typeof gauge>[0]) => gauge(metric, ['provider']);
  const month = of(METRICS.costMonthToDate);
  return {
    id,
    kind: 'table',
    title: 'Providers',
    about: `Exact cost of each provider, and its share of this month. Incomplete accounts are excluded or included in part: see the table of them below. ${LEDGER}`,
    unit: USD,
    width,
    labels: ['provider'],
    sortBy: 'Month to date',
    queries: [
      { expr: of(METRICS.costToday), column: 'Today' },
      { expr: of(METRICS.costYesterday), column: 'Yesterday' },
      { expr: month, column: 'Month to date' },
      { expr: `${month} / on () group_left () sum(${month})`, column: 'Share', unit: 'percentunit' },
      { expr: of(METRICS.costLastMonth), column: 'Last month' },
    ],
    empty: 'Nothing has been read yet.',
  };
}

const ITEM = ['provider', 'account', 'resource', 'model'];

/** What changed most: yesterday against the same weekday a week before. */
export function movers(queries: Queries, { id, width }: Spot): Panel {
  const after = queries.gauge(METRICS.costYesterday, ITEM);
  // At this time a week ago it was the cost of that day as known a day later, as yesterday's is now.
  const week = queries.gauge(METRICS.costYesterday, ITEM, { shift: '7d' });
  // Of an incomplete month, the average day would be too cheap.
  const wholeMonth = `on (provider, account) (${completeness(queries, 'last_month')} == 1)`;
  const average = `(${queries.gauge(METRICS.costLastMonth, ITEM)} and ${wholeMonth}) / on () group_left () ${DAYS_OF_LAST_MONTH}`;
  const before = `(${week} or (${average} unless on (provider, account) ${week}))`;
  // What was before is 0 for what is new, and unknown for an account of which nothing is known.
  const started = `${after} and on (provider, account) ${before}`;
  const change = `(${after} - ${before} or ${started} or 0 - ${before})`;
  const moved = `on (${ITEM.join(', ')}) topk(15, abs(${change}))`;
  const shown = (expr: string) => queries.withAccount(queries.described(`(${expr}) and ${moved}`));
  return {
    id,
    kind: 'table',
    title: 'Top movers: yesterday against the same weekday of the week before',
    about: `The largest changes, up or down. Where Prometheus does not know that day, the panel takes an average day of last month, of the accounts that are complete in it. ${LEDGER}`,
    unit: USD,
    width,
    labels: ['provider', 'who', 'what'],
    sortBy: 'Change',
    queries: [
      { expr: shown(before), column: 'Before' },
      { expr: shown(after), column: 'Yesterday' },
      { expr: shown(change), column: 'Change' },
      { expr: shown(`${after} / (${before} > 0) - 1`), column: 'Percent', unit: 'percentunit' },
    ],
    empty: 'Yesterday, or what to compare it with, is not known yet.',
  };
}

interface Monthly {
  readonly id: number;
  readonly title: string;
  readonly by: readonly string[];
  readonly legend: string;
}

/** US dollars per month, as stacked bars over a year. */
export function perMonth(queries: Queries, { by, legend, ...shown }: Monthly): Panel {
  return {
    ...shown,
    kind: 'bars',
    every: '1d',
    back: '1y',
    about: `US dollars per UTC month: each bar begins on the first day of its month, and the last one is this month so far. Exact, as revised until the end of the month after. Shows a year regardless of the selected time range. Incomplete accounts are missing or partial. ${LEDGER}`,
    unit: USD,
    width: 12,
    queries: [{ expr: orNone(costPerMonth(queries, by), by), legend }],
    empty: 'Neither this month nor the last has been read yet.',
  };
}
