import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Variable } from './board.ts';
import { balances, budgetShare, budgetTable, canConsume, elapsed, runway, topUps } from './budget-panels.ts';
import { LEDGER } from './freshness.ts';
import { queriesOf } from './promql.ts';

const variables: readonly Variable[] = ['provider', 'account', 'budget'];
const queries = queriesOf({ variables });
const { latest } = queries;

const overTime: Panel = {
  id: 4,
  kind: 'lines',
  title: 'Spent, pace, forecast and limit',
  about: `Spend of each selected budget, compared with its limit spent evenly over the period (the pace), the forecast and the limit. Every period starts from 0. ${LEDGER}`,
  unit: 'currencyUSD',
  width: 24,
  queries: [
    { expr: latest(METRICS.budgetSpent), legend: '{{budget}}: spent' },
    { expr: `${latest(METRICS.budgetLimit)} * ${elapsed(queries)}`, legend: '{{budget}}: pace' },
    { expr: latest(METRICS.budgetForecast), legend: '{{budget}}: forecast' },
    { expr: latest(METRICS.budgetLimit), legend: '{{budget}}: limit' },
  ],
};

const usedOverTime: Panel = {
  id: 5,
  kind: 'lines',
  title: 'Forecast as a share of the limit',
  about: `The forecast for the end of the period over time. Above 100 % the limit will be exceeded. A forecast needs 24 hours of data. ${LEDGER}`,
  unit: 'percentunit',
  width: 12,
  queries: [
    { expr: `${latest(METRICS.budgetForecast)} / ${latest(METRICS.budgetLimit)}`, legend: '{{budget}}' },
  ],
};

const left: Panel = {
  id: 6,
  kind: 'table',
  title: 'Remaining budget',
  about: `US dollars until the limit, in total and per remaining day of the period. Negative if the limit is exceeded. Matches is 0 if a pattern of the budget matches no cost and may be misspelt. ${LEDGER}`,
  unit: 'currencyUSD',
  width: 12,
  labels: ['budget'],
  sortBy: 'Remaining',
  queries: [
    { expr: `${latest(METRICS.budgetLimit)} - ${latest(METRICS.budgetSpent)}`, column: 'Remaining' },
    {
      expr: `(${latest(METRICS.budgetLimit)} - ${latest(METRICS.budgetSpent)}) / ((${latest(METRICS.budgetEnd)} - time()) / 86400)`,
      column: 'Remaining per day',
    },
    { expr: `${latest(METRICS.budgetStart)} * 1000`, column: 'Started', unit: 'dateTimeFromNow' },
    { expr: `${latest(METRICS.budgetEnd)} * 1000`, column: 'Ends', unit: 'dateTimeFromNow' },
    { expr: latest(METRICS.budgetMatches), column: 'Matches', unit: 'short' },
  ],
  empty: 'no budget',
};

const runwayOverTime: Panel = {
  id: 9,
  kind: 'lines',
  title: 'Runway over time',
  about:
    'Days until the balance runs out at the net spend of the preceding 24 hours. It jumps with each top-up and with a day of unusual spend.',
  unit: 'd',
  width: 12,
  queries: [{ expr: `${latest(METRICS.runway)} / 86400`, legend: '{{provider}} {{account}}' }],
};

/** Budgets and prepaid balances. */
export const budgets: Board = {
  uid: 'ai-billing-budgets',
  title: 'AI billing / Budgets and balances',
  about: 'Each budget with its pace and forecast; prepaid balances and how long they last.',
  variables,
  back: '30d',
  rows: [
    {
      title: 'Budgets',
      panels: [
        budgetTable(queries, { id: 1, width: 24 }),
        budgetShare(queries, { id: 2, width: 12, title: 'Used', forecast: false }),
        budgetShare(queries, {
          id: 3,
          width: 12,
          title: 'Forecast for the end of the period',
          forecast: true,
        }),
        overTime,
        usedOverTime,
        left,
      ],
    },
    {
      title: 'Balances',
      panels: [
        balances(queries, { id: 7, width: 12 }),
        runwayOverTime,
        runway(queries, { id: 8, width: 12 }),
        canConsume(queries, { id: 10, width: 12 }),
        topUps(queries, { id: 11, width: 24 }),
      ],
    },
  ],
};
