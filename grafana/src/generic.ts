import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Provider } from '../../src/providers/api/provider.ts';
import { type Board, USD, type Variable } from './board.ts';
import { balances, runway } from './budget-panels.ts';
import { queriesOf } from './promql.ts';
import { countedPerDay, perDay, resources, topCost, usage } from './spend.ts';
import { totals } from './totals.ts';

const variables: readonly Variable[] = ['account', 'model', 'resource'];

/** The dashboard of a provider that has none of its own: what every provider may have. */
export function genericBoard({ id, title, freshness }: Pick<Provider, 'id' | 'title' | 'freshness'>): Board {
  const queries = queriesOf({ provider: id, variables });
  return {
    uid: `ai-billing-${id}`,
    title: `AI billing / ${title}`,
    about: 'Models, resources, usage and balance.',
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
          resources(queries, {
            id: 9,
            title: 'Top spenders',
            freshness,
            info: ['kind', 'project', 'team'],
          }),
        ],
      },
      {
        title: 'Usage',
        panels: [
          usage(queries, METRICS.tokens, {
            id: 12,
            title: 'Tokens per hour by type',
            by: ['token_type'],
            legend: '{{token_type}}',
            freshness,
          }),
          usage(queries, METRICS.requests, {
            id: 13,
            title: 'Requests per hour by model',
            by: ['model'],
            legend: '{{model}}',
            freshness,
          }),
          countedPerDay(queries, METRICS.componentCost, {
            id: 14,
            title: 'Spend per day by component',
            by: ['component'],
            legend: '{{component}}',
            about: 'Parts of the cost as reported by the provider. They may not add up to it.',
            unit: USD,
            empty: 'The provider reports no components, or none was billed since the start.',
          }),
        ],
      },
      {
        title: 'Balance',
        panels: [balances(queries, { id: 10, width: 12 }), runway(queries, { id: 11, width: 12, height: 9 })],
      },
    ],
  };
}
