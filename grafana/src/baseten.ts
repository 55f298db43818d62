import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { baseten as billing } from '../../src/providers/baseten/index.ts';
import { pricePanels } from './baseten-prices.ts';
import { type Board, type Panel, USD, type Variable } from './board.ts';
import { spendByInfo } from './breakdown.ts';
import { COUNTED } from './freshness.ts';
import { queriesOf, type Window } from './promql.ts';
import { usagePerHour } from './rate.ts';
import { countedPerDay, perDay, resources, topCost } from './spend.ts';
import { totals } from './totals.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'model', 'resource'];
const queries = queriesOf({ provider, variables });
const { net, gauge, withAccount } = queries;
const { freshness } = billing;
const DAY: Window = { range: '1d' };
const DEPLOYMENT = ['provider', 'account', 'resource'];
const DEDICATED = { also: 'tier="dedicated"' };

const cost = net(METRICS.cost, DEPLOYMENT, DAY, DEDICATED);
const seconds = net(METRICS.billedSeconds, DEPLOYMENT, DAY, DEDICATED);
const requests = net(METRICS.requests, DEPLOYMENT, DAY, DEDICATED);
/** Run time without requests. A deployment without a request series had none. */
const idle = `(${cost} > 0) unless on (${DEPLOYMENT.join(', ')}) (${requests} > 0)`;

const idleStat: Panel = {
  id: 6,
  kind: 'stat',
  title: 'Idle spend, last 24 hours',
  about: `US dollars spent in the last 24 hours on dedicated deployments that served no request. ${COUNTED} ${freshness}`,
  unit: USD,
  width: 4,
  queries: [{ expr: `sum(${idle}) or 0 * sum(${cost})` }],
  steps: [
    [null, 'green'],
    [1, 'yellow'],
    [50, 'red'],
  ],
  empty: 'Appears with the second scrape.',
};

const NOT_READ = 'Baseten has not been read yet.';

function byTier(metric: Metric): string {
  return withAccount(gauge(metric, ['provider', 'account', 'tier']));
}

const month: Panel = {
  id: 7,
  kind: 'table',
  title: 'This month by category',
  about: `Baseten's own totals for the current UTC month: gross, credits and net, beside the total of the ledger. ${freshness}`,
  unit: USD,
  width: 12,
  labels: ['who', 'tier'],
  sortBy: 'Gross',
  queries: [
    { expr: byTier(METRICS.monthGross), column: 'Gross' },
    { expr: byTier(METRICS.monthCredits), column: 'Credits' },
    { expr: byTier(METRICS.monthNet), column: 'Net' },
    { expr: byTier(METRICS.costMonthToDate), column: 'Ledger' },
  ],
  empty: NOT_READ,
};

const monthOverTime: Panel = {
  id: 8,
  kind: 'lines',
  title: 'Month to date before and after credits',
  about: `Baseten's own totals over time. They start from 0 with each UTC month. ${freshness}`,
  unit: USD,
  width: 12,
  queries: [
    { expr: gauge(METRICS.monthGross, []), legend: 'gross' },
    { expr: gauge(METRICS.monthCredits, []), legend: 'credits' },
    { expr: gauge(METRICS.monthNet, []), legend: 'net' },
  ],
  empty: NOT_READ,
};

const components = countedPerDay(queries, METRICS.componentCost, {
  id: 19,
  title: 'Spend per day by component',
  by: ['component'],
  legend: '{{component}}',
  about: 'Compute and surcharges of dedicated deployments. Other categories have no components.',
  unit: USD,
  width: 8,
  empty: 'Appears with the first run time that is billed after the start.',
});

const NO_DEPLOYMENT =
  'No dedicated deployment was billed in the last 24 hours, as far as Prometheus recorded it.';

const deployments: Panel = {
  id: 11,
  kind: 'table',
  title: 'Deployments: run time and requests',
  about: `Each dedicated deployment over the last 24 hours. Many seconds per request, or no requests at all, indicate idle run time. ${COUNTED} ${freshness}`,
  unit: USD,
  width: 24,
  labels: ['who', 'name', 'team', 'environment_name', 'instance_type', 'resource'],
  sortBy: 'Spent',
  empty: NO_DEPLOYMENT,
  queries: [
    { expr: withNames(`${cost} > 0`), column: 'Spent' },
    { expr: withNames(`${seconds} / 3600 > 0`), column: 'Billed hours', unit: 'none', decimals: 1 },
    { expr: withNames(`${requests} > 0`), column: 'Requests', unit: 'locale' },
    {
      expr: withNames(`${seconds} / (${requests} > 0)`),
      column: 'Seconds per request',
      unit: 'none',
      decimals: 1,
    },
    { expr: withNames(`3600 * ${cost} / (${seconds} > 0)`), column: 'Cost per hour' },
    { expr: withNames(idle), column: 'Idle spend' },
  ],
};

function withNames(expr: string): string {
  return withAccount(queries.withNames(expr, ['team', 'environment_name', 'instance_type']));
}

const secondsAndRequests: Panel = {
  id: 12,
  kind: 'lines',
  title: 'Billed seconds per request',
  about: `Each point covers the preceding 24 hours, for deployments that served requests. A rise without more load is idle time. ${COUNTED} ${freshness}`,
  unit: 'none',
  decimals: 1,
  width: 12,
  queries: [{ expr: queries.withNames(`${seconds} / (${requests} > 0)`), legend: '{{name}}' }],
  empty: NO_DEPLOYMENT,
};

const idleOverTime: Panel = {
  id: 13,
  kind: 'stack',
  title: 'Idle spend of 24 hours',
  about: `US dollars spent in the 24 hours before each point on deployments that served no request. ${COUNTED} ${freshness}`,
  unit: USD,
  width: 12,
  queries: [{ expr: queries.withNames(idle), legend: '{{name}}' }],
  empty: 'Every deployment served a request within 24 hours.',
};

const modelApi: Panel = {
  id: 16,
  kind: 'stack',
  title: 'Model API tokens per hour',
  about: `Tokens per hour by type. Each point covers the last six hours that were read. ${COUNTED} ${freshness}`,
  unit: 'short',
  width: 12,
  queries: [
    {
      expr: usagePerHour(queries, METRICS.tokens, ['token_type'], { also: 'tier="model_api"' }),
      legend: '{{token_type}}',
    },
  ],
  empty: 'Appears when tokens of model APIs are billed; in the first ten minutes there is no rate.',
};

/** Baseten only: categories with credits, run time and requests, instance types, teams. */
export const baseten: Board = {
  uid: 'ai-billing-baseten',
  title: 'AI billing / Baseten',
  about: 'Dedicated deployments, training and model APIs: credits, idle time, list prices and teams.',
  variables,
  provider,
  back: '7d',
  rows: [
    totals(queries, freshness, [idleStat]),
    {
      title: 'Categories and credits',
      panels: [
        month,
        monthOverTime,
        perDay(queries, {
          id: 9,
          title: 'Spend per day by category',
          width: 8,
          by: ['tier'],
          legend: '{{tier}}',
          freshness,
        }),
        {
          ...spendByInfo(queries, 'day', {
            id: 10,
            title: 'Spend per day by team',
            labels: ['team'],
            freshness,
          }),
          width: 8,
        },
        components,
      ],
    },
    { title: 'Run time and requests', panels: [deployments, secondsAndRequests, idleOverTime] },
    { title: 'Instance types', panels: pricePanels(queries) },
    {
      title: 'Models and resources',
      panels: [
        modelApi,
        topCost(queries, {
          id: 17,
          title: 'Spend per hour by model',
          by: ['provider', 'model'],
          legend: '{{model}}',
          freshness,
        }),
        resources(queries, {
          id: 18,
          title: 'Top resources by cost',
          freshness,
          info: ['kind', 'project', 'team'],
        }),
      ],
    },
  ],
};
