import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { inferenceSh as billing } from '../../src/providers/inference_sh/index.ts';
import { type Board, type Panel, PRICE, type Variable } from './board.ts';
import { balance, balances, runway } from './budget-panels.ts';
import { queriesOf } from './promql.ts';
import { perDay, resources, topCost } from './spend.ts';
import { totals } from './totals.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'resource'];
const queries = queriesOf({ provider, variables });
const { gauge, latest, withAccount } = queries;
const { freshness } = billing;

const trend: Panel = {
  id: 6,
  kind: 'gauge',
  title: 'Trend by range',
  max: 1,
  about:
    'Change of cost from the preceding period of equal length, as reported by inference.sh. Each range is read on its own schedule, from every minute to daily. 1,000 % stands for 1,000 % and more: the period before was next to nothing.',
  unit: 'percentunit',
  width: 12,
  queries: [{ expr: withAccount(`clamp(${latest(METRICS.trend)}, -1, 10)`), legend: '{{who}} {{range}}' }],
  states: { '10': ['1,000 % or more', 'red'] },
  empty: 'Not read yet; each range has a schedule of its own.',
  steps: [
    [null, 'green'],
    [0.25, 'yellow'],
    [1, 'red'],
  ],
};

function usage(id: number, title: string, metric: Metric, label: string): Panel {
  return {
    id,
    kind: 'stack',
    title,
    about:
      'Hours of usage as totalled by inference.sh: one total, split three ways. The period is not documented. Read every 10 minutes.',
    unit: 'none',
    decimals: 0,
    width: 8,
    empty: 'Not read yet; it is read every 10 minutes.',
    queries: [{ expr: `${gauge(metric, [label])} / 3600`, legend: `{{${label}}}` }],
  };
}

const calls: Panel = {
  id: 19,
  kind: 'table',
  title: 'Requests by app',
  about:
    'Runs of the top apps in windows that end now, as counted by inference.sh. The windows overlap. Each range is read on its own schedule, from every minute to daily.',
  unit: 'locale',
  width: 24,
  labels: ['who', 'resource'],
  sortBy: '24 hours',
  empty: 'Not read yet; each range has a schedule of its own.',
  queries: [range('1h', '1 hour'), range('1d', '24 hours'), range('30d', '30 days'), range('90d', '90 days')],
};

function range(name: string, column: string) {
  const by = ['provider', 'account', 'resource'];
  return { expr: withAccount(gauge(METRICS.rangeRequests, by, { also: `range="${name}"` })), column };
}

const PROBE = ['provider', 'account', 'probe'];

const probes: Panel = {
  id: 15,
  kind: 'lines',
  title: 'Price probes',
  about: 'Cost of each configured run at current prices. A step is a price change. Read hourly.',
  unit: PRICE,
  width: 12,
  queries: [{ expr: withAccount(latest(METRICS.priceProbeTotal)), legend: '{{who}} {{probe}}' }],
  empty: 'No price probe: add `priceProbes` to the configuration.',
};

const fees: Panel = {
  id: 16,
  kind: 'table',
  title: 'Price probes by fee',
  about: 'Result of each probe by fee, and the number of failed expressions. Read hourly.',
  unit: PRICE,
  width: 12,
  labels: ['who', 'probe'],
  sortBy: 'Total',
  queries: [
    { expr: withAccount(latest(METRICS.priceProbeTotal, PROBE)), column: 'Total' },
    fee('resource', 'Resource'),
    fee('inference', 'Inference'),
    fee('royalty', 'Royalty'),
    fee('partner', 'Partner'),
    { expr: withAccount(latest(METRICS.priceProbeErrors, PROBE)), column: 'Errors', unit: 'locale' },
  ],
  empty: 'No price probe: add `priceProbes` to the configuration.',
};

function fee(name: string, column: string) {
  return { expr: withAccount(latest(METRICS.priceProbeFee, PROBE, { also: `fee="${name}"` })), column };
}

/** inference.sh only: apps, usage by hardware, trend, price probes. */
export const inferenceSh: Board = {
  uid: 'ai-billing-inference_sh',
  title: 'AI billing / inference.sh',
  about: 'Apps, usage by tier, type and hardware, the trend, balance and price probes.',
  variables,
  provider,
  back: '7d',
  rows: [
    totals(queries, freshness, [balance(queries, { id: 18, width: 4 })]),
    {
      title: 'Apps',
      panels: [
        topCost(queries, {
          id: 7,
          title: 'Spend per hour by app',
          by: ['provider', 'account', 'resource'],
          legend: '{{name}}',
          freshness,
        }),
        perDay(queries, {
          id: 8,
          title: 'Spend per day by app',
          by: ['resource'],
          legend: '{{resource}}',
          freshness,
        }),
        resources(queries, { id: 9, title: 'Top apps by cost', freshness, info: ['kind'] }),
        calls,
      ],
    },
    {
      title: 'Usage',
      panels: [
        usage(10, 'Hours of usage by tier', METRICS.usageByTier, 'tier'),
        usage(11, 'Hours of usage by type', METRICS.usageByType, 'usage_type'),
        usage(12, 'Hours of usage by hardware', METRICS.usageByModel, 'model'),
      ],
    },
    {
      title: 'Trend and balance',
      panels: [trend, balances(queries, { id: 13, width: 12 }), runway(queries, { id: 14, width: 24 })],
    },
    { title: 'Prices', panels: [probes, fees] },
  ],
};
