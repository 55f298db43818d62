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
  about: `What each chosen budget has spent, against a limit that is spent evenly (the pace), the forecast and the limit itself. All begin anew with the period. ${LEDGER}`,
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
  about: `How the forecast moved. Above 100 % the limit will not hold. There is none below 24 hours of data. ${LEDGER}`,
  unit: 'percentunit',
  width: 12,
  queries: [
    { expr: `${latest(METRICS.budgetForecast)} / ${latest(METRICS.budgetLimit)}`, legend: '{{budget}}' },
  ],
};

const left: Panel = {
  id: 6,
  kind: 'table',
  title: 'What is left',
  about: `US dollars until the limit, and how much a day that is until the period ends. Below 0 the limit is behind. ${LEDGER}`,
  unit: 'currencyUSD',
  width: 12,
  labels: ['budget'],
  sortBy: 'Left',
  queries: [
    { expr: `${latest(METRICS.budgetLimit)} - ${latest(METRICS.budgetSpent)}`, column: 'Left' },
    {
      expr: `(${latest(METRICS.budgetLimit)} - ${latest(METRICS.budgetSpent)}) / ((${latest(METRICS.budgetEnd)} - time()) / 86400)`,
      column: 'Left a day',
    },
    { expr: `${latest(METRICS.budgetStart)} * 1000`, column: 'Began', unit: 'dateTimeFromNow' },
    { expr: `${latest(METRICS.budgetEnd)} * 1000`, column: 'Ends', unit: 'dateTimeFromNow' },
  ],
  empty: 'no budget',
};

const runwayOverTime: Panel = {
  id: 9,
  kind: 'lines',
  title: 'Runway over time',
  about:
    'Days that the balance lasts at the net spend of the 24 hours before. It jumps with a top-up and with a day of unusual spend.',
  unit: 'd',
  width: 12,
  queries: [{ expr: `${latest(METRICS.runway)} / 86400`, legend: '{{provider}} {{account}}' }],
};

/** What may be spent, and what there is to spend. */
export const budgets: Board = {
  uid: 'ai-billing-budgets',
  title: 'AI billing / Budgets and balances',
  about: 'Each budget with its pace and forecast, prepaid balances and how long they last.',
  variables,
  back: '30d',
  rows: [
    {
      title: 'Budgets',
      panels: [
        budgetTable(queries, { id: 1, width: 24 }),
        budgetShare(queries, { id: 2, width: 12, title: 'Used', forecast: false }),
        budgetShare(queries, { id: 3, width: 12, title: 'Expected at the end', forecast: true }),
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
