import { METRICS } from '../../src/core/metrics/catalog.ts';
import { northflank as billing } from '../../src/providers/northflank/index.ts';
import { type Board, type Panel, USD, type Variable } from './board.ts';
import { spendByInfo } from './breakdown.ts';
import { balance, balances, runway } from './budget-panels.ts';
import { COUNTED } from './freshness.ts';
import { queriesOf, RESOURCE } from './promql.ts';
import { countedPerDay, perDay, resources, topCost } from './spend.ts';
import { totals } from './totals.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'resource'];
const queries = queriesOf({ provider, variables });
const { net, gauge, withAccount } = queries;
const { freshness } = billing;
const TIER = ['provider', 'account', 'tier'];

const components = countedPerDay(queries, METRICS.componentCost, {
  id: 8,
  title: 'Spend per day by component',
  by: ['component'],
  legend: '{{component}}',
  about: 'CPU, memory, storage and other components. They may not add up to the cost.',
  unit: USD,
  empty: 'Appears with the first hour that is billed after the start.',
});

const customer: Panel = {
  id: 9,
  kind: 'table',
  title: 'Platform, BYOC, egress and load balancers',
  about: `Cost by category: paas is the platform itself; the others are billed to the customer rather than to a team. The list of hours is read hourly and has a month total of its own. ${freshness}`,
  unit: USD,
  width: 24,
  height: 6,
  labels: ['who', 'tier'],
  empty: 'Northflank has not been read yet.',
  sortBy: 'Month to date',
  queries: [
    { expr: withAccount(gauge(METRICS.costToday, TIER)), column: 'Today' },
    { expr: withAccount(gauge(METRICS.costYesterday, TIER)), column: 'Yesterday' },
    { expr: withAccount(gauge(METRICS.costMonthToDate, TIER)), column: 'Month to date' },
    { expr: withAccount(gauge(METRICS.monthGross, TIER)), column: 'Month, by list' },
    { expr: withAccount(gauge(METRICS.costLastMonth, TIER)), column: 'Last month' },
  ],
};

const componentsOfResources: Panel = {
  id: 13,
  kind: 'table',
  title: 'Components of resources',
  about: `The 50 most expensive components in the selected time range. ${COUNTED} ${freshness}`,
  unit: USD,
  width: 24,
  labels: ['who', 'team', 'project', 'name', 'kind', 'component', 'resource'],
  sortBy: 'Spent',
  empty: 'Appears with the first hour that is billed after the start.',
  queries: [
    {
      expr: withAccount(
        queries.withNames(
          `topk(50, ${net(METRICS.componentCost, [...RESOURCE, 'component'], { range: '$__range' })} > 0)`,
          ['kind', 'project', 'team'],
        ),
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
        spendByInfo(queries, 'day', { id: 6, title: 'Spend per day by team', labels: ['team'], freshness }),
        spendByInfo(queries, 'day', {
          id: 7,
          title: 'Spend per day by project',
          labels: ['team', 'project'],
          freshness,
        }),
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
        components,
        customer,
      ],
    },
    {
      title: 'Credit balance',
      panels: [balances(queries, { id: 17, width: 12 }), runway(queries, { id: 18, width: 12, height: 9 })],
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
        spendByInfo(queries, 'day', { id: 15, title: 'Spend per day by kind', labels: ['kind'], freshness }),
        resources(queries, {
          id: 14,
          title: 'Top resources by cost',
          freshness,
          info: ['team', 'project', 'kind'],
        }),
        componentsOfResources,
      ],
    },
  ],
};
