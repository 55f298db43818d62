import type { Provider } from '../../src/providers/api/provider.ts';
import type { Board, Variable } from './board.ts';
import { balances, runway } from './budget-panels.ts';
import { queriesOf } from './promql.ts';
import { reconciliation } from './reconciliation-panels.ts';
import { perDay, resources, topCost, totals } from './spend.ts';

const variables: readonly Variable[] = ['account', 'model', 'resource'];

/** The dashboard of a provider that has none of its own: what every provider may have. */
export function genericBoard({ id, title, freshness }: Pick<Provider, 'id' | 'title' | 'freshness'>): Board {
  const queries = queriesOf({ provider: id, variables });
  return {
    uid: `ai-billing-${id}`,
    title: `AI billing / ${title}`,
    about: 'Models, resources, balance and reconciliation.',
    variables,
    provider: id,
    back: '7d',
    rows: [
      totals(queries, freshness, []),
      {
        title: 'Spend',
        panels: [
          perDay(queries, {
            id: 7,
            title: 'Spend per day by tier',
            by: ['tier'],
            legend: '{{tier}}',
            freshness,
          }),
          topCost(queries, {
            id: 8,
            title: 'Spend per hour by model',
            by: ['provider', 'model'],
            legend: '{{model}}',
            freshness,
          }),
          resources(queries, { id: 9, title: 'Most expensive resources', freshness, info: ['name', 'kind'] }),
        ],
      },
      {
        title: 'Balance and reconciliation',
        panels: [
          balances(queries, { id: 10, width: 8 }),
          runway(queries, { id: 11, width: 8 }),
          reconciliation(queries, { id: 12, width: 8 }),
        ],
      },
    ],
  };
}
