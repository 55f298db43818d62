import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Variable } from './board.ts';
import { budgetTable, runway } from './budget-panels.ts';
import { dataAge, feedStates } from './feed-panels.ts';
import { COUNTED, LEDGER } from './freshness.ts';
import { closedDay, queriesOf } from './promql.ts';
import { incomplete, perDay, perHour, rate, resources, topCost, windows } from './spend.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const queries = queriesOf({ variables });
const freshness = LEDGER;

const worstBudget: Panel = {
  id: 6,
  kind: 'stat',
  title: 'Highest budget forecast',
  about:
    'Forecast of the budget closest to its limit for the end of its period, as a share of the limit. A forecast needs 24 hours of data. Budgets may overlap, so there is no total.',
  unit: 'percentunit',
  width: 4,
  queries: [
    {
      expr: `max(${queries.latest(METRICS.budgetForecast)} / ${queries.latest(METRICS.budgetLimit)})`,
    },
  ],
  steps: [
    [null, 'green'],
    [0.9, 'yellow'],
    [1, 'red'],
  ],
  empty: 'no budget',
};

/** Net cost of the last complete UTC day minus the day before; a day without charges counts as 0. */
function changeOfDay(by: readonly string[]): string {
  const day = queries.net(METRICS.cost, by, { range: '1d' });
  const [last, before] = [closedDay(day), closedDay(day, 1)];
  return `(${last} - ${before}) or ${last} or (0 - ${before})`;
}

function changed(id: number, title: string, by: readonly string[]): Panel {
  const change = changeOfDay(by);
  return {
    id,
    kind: 'table',
    title,
    about: `The last complete UTC day compared with the day before: the largest increases and decreases. A day contains what was read by its midnight. ${COUNTED} Needs a day of history. ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    labels: by,
    sortBy: 'Change',
    queries: [{ expr: `topk(15, ${change}) or bottomk(15, ${change})`, column: 'Change' }],
    empty: 'no complete day yet',
  };
}

/** Total cost, where it goes, and whether the data is current. */
export const overview: Board = {
  uid: 'ai-billing-overview',
  title: 'AI billing / Overview',
  about: 'Spend with all providers: how much, on what, what changed, and whether the feeds work.',
  variables,
  back: '7d',
  rows: [
    {
      title: 'Now',
      panels: [...windows(queries, freshness), rate(queries, freshness), worstBudget, incomplete(queries)],
    },
    {
      title: 'Budgets',
      panels: [budgetTable(queries, { id: 7, width: 16 }), runway(queries, { id: 8, width: 8 })],
    },
    {
      title: 'Spend',
      panels: [
        perHour(queries, {
          id: 9,
          title: 'Spend per hour by provider',
          by: ['provider', 'account'],
          legend: '{{provider}} {{account}}',
          freshness,
        }),
        perDay(queries, {
          id: 10,
          title: 'Spend per day by provider',
          by: ['provider', 'account'],
          legend: '{{provider}} {{account}}',
          freshness,
        }),
        topCost(queries, {
          id: 11,
          title: 'Spend per hour by model',
          by: ['provider', 'model'],
          legend: '{{provider}} {{model}}',
          freshness,
        }),
        topCost(queries, {
          id: 12,
          title: 'Spend per hour by resource',
          by: ['provider', 'account', 'resource'],
          legend: '{{provider}} {{name}}',
          freshness,
        }),
        resources(queries, {
          id: 13,
          title: 'Top resources by cost',
          freshness,
          info: ['name', 'kind', 'project', 'team'],
        }),
      ],
    },
    {
      title: 'Day-over-day change',
      panels: [
        changed(14, 'Change by provider and account', ['provider', 'account']),
        changed(15, 'Change by model and resource', ['provider', 'account', 'model', 'resource']),
      ],
    },
    { title: 'Feeds', panels: [feedStates(queries, 16), dataAge(queries, 17)] },
  ],
};
