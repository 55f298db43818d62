import type { Board, Variable } from './board.ts';
import { LEDGER } from './freshness.ts';
import { againstLastMonth, budgetForecast, movers, perMonth, providers } from './overview-panels.ts';
import { problems } from './problems.ts';
import { queriesOf } from './promql.ts';
import { perDay, perHour, resources, topCost } from './spend.ts';
import { incomplete, rate, windowTotal } from './totals.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const queries = queriesOf({ variables });
const freshness = LEDGER;

/** Total cost, where it goes, what changed, and what is wrong. */
export const overview: Board = {
  uid: 'ai-billing-overview',
  title: 'AI billing / Overview',
  about:
    'Spend with all providers: how much, against last month, on what, what changed, and what is wrong now.',
  variables,
  back: '14d',
  rows: [
    {
      title: 'Now',
      panels: [
        windowTotal(queries, 'month_to_date', { id: 3, freshness }),
        againstLastMonth(queries, { id: 31, width: 6 }),
        budgetForecast(queries, { id: 6, width: 5 }),
        windowTotal(queries, 'today', { id: 1, width: 3, freshness }),
        windowTotal(queries, 'yesterday', { id: 2, width: 3, freshness }),
        rate(queries, { id: 5, width: 3, freshness }),
        problems(queries, { id: 32, width: 24 }),
      ],
    },
    {
      title: 'Spend',
      panels: [
        perDay(queries, {
          id: 10,
          title: 'Spend per day by provider',
          by: ['provider'],
          legend: '{{provider}}',
          freshness,
        }),
        providers(queries, { id: 33, width: 12 }),
        movers(queries, { id: 15, width: 24 }),
      ],
    },
    {
      title: 'Over time',
      panels: [
        perMonth(queries, {
          id: 34,
          title: 'Spend per month by provider',
          by: ['provider'],
          legend: '{{provider}}',
        }),
        perHour(queries, {
          id: 9,
          title: 'Spend per hour by provider',
          by: ['provider'],
          legend: '{{provider}}',
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
      ],
    },
    {
      title: 'Details',
      panels: [
        resources(queries, { id: 13, title: 'Top spenders', freshness, info: ['kind', 'project', 'team'] }),
        incomplete(queries),
      ],
    },
  ],
};
