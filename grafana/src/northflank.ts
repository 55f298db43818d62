import { METRICS } from '../../src/core/metrics/catalog.ts';
import { northflank as billing } from '../../src/providers/northflank/index.ts';
import type { Board, Panel, Variable } from './board.ts';
import { balance, balances, runway } from './budget-panels.ts';
import { COUNTED } from './freshness.ts';
import { named, queriesOf, RESOURCE } from './promql.ts';
import { reconciliation } from './reconciliation-panels.ts';
import { BARS, DAILY, perDay, resources, topCost, totals } from './spend.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'resource'];
const queries = queriesOf({ provider, variables });
const { net, gauge, of } = queries;
const { freshness } = billing;
const info = of(METRICS.resourceInfo);

/** Spend by properties of resources. */
function byInfo(id: number, title: string, labels: readonly string[]): Panel {
  const spent = named(net(METRICS.cost, RESOURCE, DAILY), info, ['name', ...labels]);
  return {
    id,
    kind: 'bars',
    every: '1d',
    title,
    about: `US dollars per day by current name. Spend without a resource has an empty name. ${BARS} ${COUNTED} ${freshness}`,
    unit: 'currencyUSD',
    width: 12,
    queries: [
      {
        expr: `sum by (${labels.join(', ')}) (${spent})`,
        legend: labels.map((label) => `{{${label}}}`).join(' / '),
      },
    ],
  };
}

const components: Panel = {
  id: 8,
  kind: 'bars',
  every: '1d',
  title: 'Spend per day by component',
  about: `CPU, memory, storage and other components. They may not add up to the cost. ${BARS} ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  queries: [{ expr: net(METRICS.componentCost, ['component'], DAILY), legend: '{{component}}' }],
};

const customer: Panel = {
  id: 9,
  kind: 'table',
  title: 'Platform, BYOC, egress and load balancers',
  about: `Cost by category: paas is the platform itself; the others are billed to the customer rather than to a team. The list of hours is read hourly and has a month total of its own. ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'tier'],
  sortBy: 'Month to date',
  queries: [
    { expr: gauge(METRICS.costToday, ['account', 'tier']), column: 'Today' },
    { expr: gauge(METRICS.costYesterday, ['account', 'tier']), column: 'Yesterday' },
    { expr: gauge(METRICS.costMonthToDate, ['account', 'tier']), column: 'Month to date' },
    { expr: gauge(METRICS.monthGross, ['account', 'tier']), column: 'Month, by list' },
    { expr: gauge(METRICS.costLastMonth, ['account', 'tier']), column: 'Last month' },
  ],
};

const componentsOfResources: Panel = {
  id: 13,
  kind: 'table',
  title: 'Components of resources',
  about: `The 50 most expensive components in the selected time range. ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 24,
  labels: ['account', 'team', 'project', 'name', 'kind', 'component', 'resource'],
  sortBy: 'Spent',
  queries: [
    {
      expr: named(
        `topk(50, ${net(METRICS.componentCost, [...RESOURCE, 'component'], { range: '$__range' })})`,
        info,
        ['name', 'kind', 'project', 'team'],
      ),
      column: 'Spent',
    },
  ],
};

/** Northflank only: teams and projects, components, and customer costs. */
export const northflank: Board = {
  uid: 'ai-billing-northflank',
  title: 'AI billing / Northflank',
  about: 'Teams, projects and resources, their components, BYOC, egress and load balancers.',
  variables,
  provider,
  back: '7d',
  rows: [
    totals(queries, freshness, [balance(queries, { id: 16, width: 4 })]),
    {
      title: 'Teams and projects',
      panels: [
        byInfo(6, 'Spend per day by team', ['team']),
        byInfo(7, 'Spend per day by project', ['team', 'project']),
      ],
    },
    {
      title: 'Categories and components',
      panels: [
        perDay(queries, {
          id: 10,
          title: 'Spend per day by category',
          by: ['tier'],
          legend: '{{tier}}',
          freshness,
        }),
        customer,
        components,
        reconciliation(queries, { id: 11, width: 12 }),
      ],
    },
    {
      title: 'Credit balance',
      panels: [balances(queries, { id: 17, width: 12 }), runway(queries, { id: 18, width: 12 })],
    },
    {
      title: 'Resources',
      panels: [
        topCost(queries, {
          id: 12,
          title: 'Spend per hour by resource',
          by: RESOURCE,
          legend: '{{name}}',
          freshness,
        }),
        byInfo(15, 'Spend per day by kind', ['kind']),
        resources(queries, {
          id: 14,
          title: 'Top resources by cost',
          freshness,
          info: ['team', 'project', 'name', 'kind'],
        }),
        componentsOfResources,
      ],
    },
  ],
};
