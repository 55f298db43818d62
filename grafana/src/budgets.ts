import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Board, type Panel, USD, type Variable } from './board.ts';
import { balanceTable, budgetTable, canConsume, elapsed, runwayOverTime, topUps } from './budget-panels.ts';
import { LEDGER } from './freshness.ts';
import { queriesOf } from './promql.ts';

const variables: readonly Variable[] = ['provider', 'account', 'budget'];
const queries = queriesOf({ variables });
const { latest } = queries;
const LIMIT = latest(METRICS.budgetLimit);
const NO_BUDGET = 'No budget has been recorded: `budgets` of the configuration has none, or it is new.';

const overTime: Panel = {
  id: 4,
  kind: 'lines',
  title: 'Budget $budget',
  about: `Spend of the budget, compared with its limit spent evenly over the period (the pace), the forecast and the limit. One panel per budget. Every period starts from 0. ${LEDGER}`,
  unit: USD,
  width: 8,
  repeat: 'budget',
  queries: [
    { expr: latest(METRICS.budgetSpent), legend: 'spent' },
    { expr: `${LIMIT} * ${elapsed(queries)}`, legend: 'pace' },
    { expr: latest(METRICS.budgetForecast), legend: 'forecast' },
    { expr: LIMIT, legend: 'limit' },
  ],
  empty: NO_BUDGET,
};

const shares: Panel = {
  id: 5,
  kind: 'lines',
  title: 'Forecast as a share of the limit',
  about: `The forecast for the end of the period over time. Above 100 % the limit will be exceeded; more than 300 % is drawn as 300 %. A forecast needs 24 hours of data. ${LEDGER}`,
  unit: 'percentunit',
  width: 24,
  queries: [{ expr: `clamp_max(${latest(METRICS.budgetForecast)} / ${LIMIT}, 3)`, legend: '{{budget}}' }],
  empty: 'No forecast: it needs a budget in the configuration and 24 hours of data.',
};

/** Budgets and prepaid balances. */
export const budgets: Board = {
  uid: 'ai-billing-budgets',
  title: 'AI billing / Budgets and balances',
  about: 'Each budget with its pace and forecast; prepaid balances and how long they last.',
  variables,
  back: '30d',
  rows: [
    { title: 'Budgets', panels: [budgetTable(queries, { id: 1, width: 24 }), shares] },
    { title: 'Budgets over time', panels: [overTime] },
    {
      title: 'Balances',
      panels: [
        balanceTable(queries, { id: 7, width: 12 }),
        runwayOverTime(queries, { id: 9, width: 12 }),
        canConsume(queries, { id: 10, width: 12 }),
        topUps(queries, { id: 11, width: 12 }),
      ],
    },
  ],
};
