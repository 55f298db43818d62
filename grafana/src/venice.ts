import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { venice as billing } from '../../src/providers/venice/index.ts';
import { type Board, type Panel, PRICE, USD, type Variable } from './board.ts';
import { balances, canConsume, runway, topUps } from './budget-panels.ts';
import { COUNTED } from './freshness.ts';
import { keyCosts, keyLimits } from './key-panels.ts';
import { queriesOf } from './promql.ts';
import { perDay, topCost } from './spend.ts';
import { totals } from './totals.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'model'];
const queries = queriesOf({ provider, variables });
const { net, gauge, latest, of, withAccount } = queries;
const { freshness } = billing;
const ANALYTICS = "Venice's own analytics of the current UTC day, charges only. Read every ten minutes.";
/** Analytics and rate limits use other model names than the ledger. */
const OPEN = { open: ['model'] } as const;
const MODEL = ['provider', 'account', 'model'];
const CURRENCY = ['provider', 'account', 'currency'];
const SKU = [...MODEL, 'sku'];

const tier: Panel = {
  id: 6,
  kind: 'stat',
  names: true,
  title: 'Rate limit tier',
  about: 'Rate limit tier of each account. Read hourly.',
  unit: 'none',
  width: 4,
  queries: [{ expr: withAccount(latest(METRICS.apiTierInfo)), legend: '{{tier}} {{who}}' }],
  empty: 'Not read yet; it is read hourly.',
};

const models: Panel = {
  id: 13,
  kind: 'table',
  title: 'Models today',
  about: `Cost of each model today, by display name. ${ANALYTICS}`,
  unit: USD,
  width: 12,
  labels: ['who', 'model'],
  sortBy: 'Today',
  queries: [{ expr: withAccount(gauge(METRICS.modelCostToday, MODEL, OPEN)), column: 'Today' }],
  empty: 'No charge yet today.',
};

const units: Panel = {
  id: 14,
  kind: 'table',
  title: 'Units by SKU',
  about: `Usage billed in units other than tokens, such as images, seconds and searches, in the selected time range. Units of different SKUs cannot be added up. ${COUNTED} ${freshness}`,
  unit: 'locale',
  width: 12,
  labels: ['who', 'model', 'sku'],
  sortBy: 'Units',
  queries: [{ expr: withAccount(`${net(METRICS.units, SKU, { range: '$__range' })} > 0`), column: 'Units' }],
  empty: 'Nothing was billed in such units in the selected time range, as far as Prometheus recorded it.',
};

const prices: Panel = {
  id: 15,
  kind: 'table',
  title: 'Unit prices',
  about: 'Price per unit in the newest charge of each SKU. A unit of tokens is one million.',
  unit: PRICE,
  width: 12,
  labels: ['who', 'model', 'sku'],
  sortBy: 'Per unit',
  queries: [{ expr: withAccount(latest(METRICS.unitPrice, SKU)), column: 'Per unit' }],
  empty: 'No charge with a price has been read yet.',
};

const changes: Panel = {
  id: 16,
  kind: 'lines',
  title: 'Unit prices that changed',
  about: 'SKUs with more than one price in the selected time range, as of the newest charge.',
  unit: PRICE,
  width: 24,
  queries: [{ expr: changedPrices(METRICS.unitPrice), legend: '{{model}} {{sku}}' }],
  empty: 'No price changed in the selected time range.',
};

function changedPrices(metric: Metric): string {
  const by = ['account', 'model', 'sku'];
  const price = latest(metric, by);
  return `${price} and on (${by.join(', ')}) (max by (${by.join(', ')}) (changes(${of(metric)}[$__range] @ end())) > 0)`;
}

const limits: Panel = {
  id: 17,
  kind: 'table',
  title: 'Rate limits by model',
  about: 'Rate limits by model: requests per minute and per day, tokens per minute. Read hourly.',
  unit: 'locale',
  width: 12,
  labels: ['who', 'model'],
  sortBy: 'Requests per minute',
  empty: 'Not read yet; they are read hourly.',
  queries: [
    limit('RPM', 'Requests per minute'),
    limit('RPD', 'Requests per day'),
    limit('TPM', 'Tokens per minute'),
  ],
};

function limit(type: string, column: string) {
  const narrowing = { ...OPEN, also: `limit_type="${type}"` };
  return { expr: withAccount(latest(METRICS.modelRateLimit, MODEL, narrowing)), column };
}

const quota: Panel = {
  id: 21,
  kind: 'table',
  title: 'Daily quota',
  about: 'Allowance from staking per UTC day, and when it resets. Read every 5 minutes to hourly.',
  unit: USD,
  width: 12,
  labels: ['who', 'currency'],
  sortBy: 'Per day',
  queries: [
    { expr: withAccount(gauge(METRICS.quota, CURRENCY)), column: 'Per day' },
    {
      expr: withAccount(`${latest(METRICS.quotaReset, CURRENCY)} * 1000`),
      column: 'Resets',
      unit: 'dateTimeFromNow',
    },
  ],
  empty: 'No allowance from staking.',
};

/** Venice.ai only: currencies, SKUs with prices, API keys, rate limits. */
export const venice: Board = {
  uid: 'ai-billing-venice',
  title: 'AI billing / Venice.ai',
  about: 'Models, currencies and balances, units and their prices, API keys and rate limits.',
  variables,
  provider,
  back: '7d',
  rows: [
    totals(queries, freshness, [tier]),
    {
      title: 'Spend',
      panels: [
        perDay(queries, {
          id: 7,
          title: 'Spend per day by currency',
          by: ['currency'],
          legend: '{{currency}}',
          freshness,
        }),
        topCost(queries, {
          id: 8,
          title: 'Spend per hour by model',
          by: ['provider', 'model'],
          legend: '{{model}}',
          freshness,
        }),
      ],
    },
    {
      title: 'Balance',
      panels: [
        balances(queries, { id: 9, width: 12 }),
        topUps(queries, { id: 10, width: 12 }),
        runway(queries, { id: 11, width: 12 }),
        canConsume(queries, { id: 18, width: 12 }),
      ],
    },
    { title: "Today, by Venice's own analytics", panels: [keyCosts(queries, { id: 12, width: 12 }), models] },
    { title: 'Units and prices', panels: [units, prices, changes] },
    {
      title: 'Limits',
      panels: [keyLimits(queries, { id: 20, width: 12 }), quota, limits],
    },
  ],
};
