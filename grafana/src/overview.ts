import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Variable } from './board.ts';
import { budgetTable, runway } from './budget-panels.ts';
import { dataAge, feedStates } from './feed-panels.ts';
import { COUNTED, LEDGER } from './freshness.ts';
import { closedDay, queriesOf } from './promql.ts';
import { dearest, incomplete, perDay, perHour, rate, resources, windows } from './spend.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const queries = queriesOf({ variables });
const freshness = LEDGER;

const worstBudget: Panel = {
  id: 6,
  kind: 'stat',
  title: 'Highest forecast of a budget',
  about:
    'What the budget nearest to its limit is expected to have spent at the end of its period, as a share of the limit. Without 24 hours of data there is no forecast. Budgets overlap, so there is no sum of them.',
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

/** Net of the UTC day that ended last less that of the day before; a side without a charge counts 0. */
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
    about: `The last UTC day that has ended less the day before it: what rose most and what fell most. A day holds what was read by its midnight. ${COUNTED} It takes a day of history to show anything. ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    labels: by,
    sortBy: 'Change',
    queries: [{ expr: `topk(15, ${change}) or bottomk(15, ${change})`, column: 'Change' }],
    empty: 'no closed day yet',
  };
}

/** What everything costs, where it goes, and whether it can be trusted. */
export const overview: Board = {
  uid: 'ai-billing-overview',
  title: 'AI billing / Overview',
  about: 'What is spent with all providers, on what, what changed, and whether the feeds work.',
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
      title: 'Where it goes',
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
        dearest(queries, {
          id: 11,
          title: 'Spend per hour by model',
          by: ['provider', 'model'],
          legend: '{{provider}} {{model}}',
          freshness,
        }),
        dearest(queries, {
          id: 12,
          title: 'Spend per hour by resource',
          by: ['provider', 'account', 'resource'],
          legend: '{{provider}} {{name}}',
          freshness,
        }),
        resources(queries, {
          id: 13,
          title: 'Dearest resources',
          freshness,
          info: ['name', 'kind', 'project', 'team'],
        }),
      ],
    },
    {
      title: 'What changed since the day before',
      panels: [
        changed(14, 'Change by provider and account', ['provider', 'account']),
        changed(15, 'Change by model and resource', ['provider', 'account', 'model', 'resource']),
      ],
    },
    { title: 'Feeds', panels: [feedStates(queries, 16), dataAge(queries, 17)] },
  ],
};
