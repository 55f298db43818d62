import { METRICS } from '../../src/core/metrics/catalog.ts';
import { baseten as billing } from '../../src/providers/baseten/index.ts';
import type { Board, Panel, Variable } from './board.ts';
import { COUNTED } from './freshness.ts';
import { named, queriesOf, type Window } from './promql.ts';
import { dearest, perDay, resources, totals } from './spend.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'model', 'resource'];
const queries = queriesOf({ provider, variables });
const { net, gauge, of } = queries;
const { freshness } = billing;
const DAY: Window = { range: '1d' };
const DEPLOYMENT = ['provider', 'account', 'resource'];
const DEDICATED = { also: 'tier="dedicated"' };
const info = of(METRICS.resourceInfo);
/** Prices are of instance types, not of resources or models. */
const price = `max by (provider, account, sku) (${of(METRICS.unitPrice, { also: 'tier="dedicated"', open: ['resource', 'model'] })})`;

const cost = net(METRICS.cost, DEPLOYMENT, DAY, DEDICATED);
const seconds = net(METRICS.billedSeconds, DEPLOYMENT, DAY, DEDICATED);
const requests = net(METRICS.requests, DEPLOYMENT, DAY, DEDICATED);
/** Run time without a request; a deployment without any series of requests had none either. */
const idle = `(${cost} > 0) unless on (${DEPLOYMENT.join(', ')}) (${requests} > 0)`;

const idleStat: Panel = {
  id: 6,
  kind: 'stat',
  title: 'Idle spend of a day',
  about: `US dollars of the last 24 hours that went to dedicated deployments without a single request. ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 4,
  queries: [{ expr: `sum(${idle}) or vector(0)` }],
  steps: [
    [null, 'green'],
    [1, 'yellow'],
    [50, 'red'],
  ],
};

const month: Panel = {
  id: 7,
  kind: 'table',
  title: 'This month by category',
  about: `The current UTC month as Baseten totals it: before credits, the credits, and after them; and what the ledger has counted beside it. ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'tier'],
  sortBy: 'Gross',
  queries: [
    { expr: gauge(METRICS.monthGross, ['account', 'tier']), column: 'Gross' },
    { expr: gauge(METRICS.monthCredits, ['account', 'tier']), column: 'Credits' },
    { expr: gauge(METRICS.monthNet, ['account', 'tier']), column: 'Net' },
    { expr: gauge(METRICS.costMonthToDate, ['account', 'tier']), column: 'Ledger' },
  ],
};

const monthOverTime: Panel = {
  id: 8,
  kind: 'lines',
  title: 'The month before and after credits',
  about: `How the month has grown, as Baseten totals it; it begins anew with the UTC month. ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  queries: [
    { expr: gauge(METRICS.monthGross, []), legend: 'gross' },
    { expr: gauge(METRICS.monthCredits, []), legend: 'credits' },
    { expr: gauge(METRICS.monthNet, []), legend: 'net' },
  ],
};

const components: Panel = {
  id: 19,
  kind: 'bars',
  every: '1d',
  title: 'Spend per day by component',
  about: `Computing and surcharges of dedicated deployments; other categories have no components. ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  queries: [
    { expr: net(METRICS.componentCost, ['component'], { range: '$__interval' }), legend: '{{component}}' },
  ],
};

const deployments: Panel = {
  id: 11,
  kind: 'table',
  title: 'Deployments: run time against requests',
  about: `The last 24 hours of each dedicated deployment. Many seconds a request, or no request at all, is run time that nobody asked for. ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 24,
  labels: ['account', 'name', 'team', 'environment_name', 'instance_type', 'resource'],
  sortBy: 'Spent',
  queries: [
    { expr: withNames(`${cost} > 0`), column: 'Spent' },
    { expr: withNames(`${seconds} / 3600 > 0`), column: 'Billed hours', unit: 'h' },
    { expr: withNames(`${requests} > 0`), column: 'Requests', unit: 'short' },
    { expr: withNames(`${seconds} / (${requests} > 0)`), column: 'Seconds a request', unit: 's' },
    { expr: withNames(`3600 * ${cost} / (${seconds} > 0)`), column: 'Paid an hour' },
    { expr: withNames(idle), column: 'Idle spend' },
  ],
};

function withNames(expr: string): string {
  return named(expr, info, ['name', 'team', 'environment_name', 'instance_type']);
}

const secondsAndRequests: Panel = {
  id: 12,
  kind: 'lines',
  title: 'Billed seconds per request',
  about: `Each point over the 24 hours before it, for deployments that had a request. A rise without more load is idle time. ${COUNTED} ${freshness}`,
  unit: 's',
  width: 12,
  queries: [{ expr: named(`${seconds} / (${requests} > 0)`, info), legend: '{{name}}' }],
};

const idleOverTime: Panel = {
  id: 13,
  kind: 'stack',
  title: 'Idle spend per day',
  about: `US dollars of the 24 hours before each point that went to deployments without a request. ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  queries: [{ expr: named(idle, info), legend: '{{name}}' }],
};

const prices: Panel = {
  id: 14,
  kind: 'table',
  title: 'List prices',
  about:
    'What an hour of each instance type costs by the list, which an account may have discounts on. Read every six hours.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'sku'],
  sortBy: 'An hour',
  queries: [{ expr: `60 * ${price}`, column: 'An hour' }],
};

const listed: Panel = {
  id: 15,
  kind: 'table',
  title: 'Deployments at list price',
  about:
    'What an hour of each deployment costs by the list. Deployments on several types, or on one that the list does not name, are not there. Prices are read every six hours, names with the bill.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'name', 'instance_type'],
  sortBy: 'An hour',
  queries: [
    {
      expr: `60 * max by (provider, account, name, instance_type) (topk by (${DEPLOYMENT.join(', ')}) (1, ${info}) * on (provider, account, instance_type) group_left () label_replace(${price}, "instance_type", "$1", "sku", "(.+)"))`,
      column: 'An hour',
    },
  ],
};

const teams: Panel = {
  id: 10,
  kind: 'bars',
  every: '1d',
  title: 'Spend per day by team',
  about: `By the team that owns the deployment today; "" is what no team is known of. ${COUNTED} ${freshness}`,
  unit: 'currencyUSD',
  width: 12,
  queries: [
    {
      expr: `sum by (team) (${named(net(METRICS.cost, DEPLOYMENT, { range: '$__interval' }), info, ['name', 'team'])})`,
      legend: '{{team}}',
    },
  ],
};

const modelApi: Panel = {
  id: 16,
  kind: 'stack',
  title: 'Model API tokens per hour',
  about: `Tokens an hour by type, each point over the six hours before it. ${COUNTED} ${freshness}`,
  unit: 'short',
  width: 12,
  queries: [
    {
      expr: `${net(METRICS.tokens, ['token_type'], { range: '6h' }, { also: 'tier="model_api"' })} / 6`,
      legend: '{{token_type}}',
    },
  ],
};

/** What only Baseten has: categories with credits, run time and requests, instance types, teams. */
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
          by: ['tier'],
          legend: '{{tier}}',
          freshness,
        }),
        teams,
        components,
      ],
    },
    { title: 'Run time against requests', panels: [deployments, secondsAndRequests, idleOverTime] },
    { title: 'Instance types', panels: [prices, listed] },
    {
      title: 'Models and resources',
      panels: [
        modelApi,
        dearest(queries, {
          id: 17,
          title: 'Spend per hour by model',
          by: ['provider', 'model'],
          legend: '{{model}}',
          freshness,
        }),
        resources(queries, {
          id: 18,
          title: 'Dearest resources',
          freshness,
          info: ['name', 'kind', 'project', 'team'],
        }),
      ],
    },
  ],
};
