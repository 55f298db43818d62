import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { venice as billing } from '../../src/providers/venice/index.ts';
import type { Board, Panel, Variable } from './board.ts';
import { balances, canConsume, runway, topUps } from './budget-panels.ts';
import { COUNTED } from './freshness.ts';
import { queriesOf } from './promql.ts';
import { reconciliation } from './reconciliation-panels.ts';
import { perDay, topCost, totals } from './spend.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'model'];
const queries = queriesOf({ provider, variables });
const { net, gauge, latest, of } = queries;
const { freshness } = billing;
const ANALYTICS = "Venice's own analytics of the current UTC day, charges only. Read every ten minutes.";
/** Analytics and rate limits use other model names than the ledger. */
const OPEN = { open: ['model'] } as const;
const KEY = ['provider', 'account', 'api_key'] as const;

const tier: Panel = {
  id: 6,
  kind: 'stat',
  names: true,
  title: 'Rate limit tier',
  about: 'Rate limit tier of each account. Read hourly.',
  unit: 'none',
  width: 4,
  queries: [{ expr: latest(METRICS.apiTierInfo), legend: '{{account}}: {{tier}}' }],
  empty: 'not read yet',
};

/** Today's charges by API key, under its current name. */
const keys: Panel = {
  id: 12,
  kind: 'table',
  title: 'API keys today',
  about: `Cost of each API key today. ${ANALYTICS}`,
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'name', 'api_key'],
  sortBy: 'Today',
  queries: [
    {
      expr: withKeyNames(gauge(METRICS.apiKeyCostToday, KEY)),
      column: 'Today',
    },
  ],
};

function withKeyNames(expr: string): string {
  const by = 'provider, account, api_key';
  const info = of(METRICS.apiKeyInfo);
  return `${expr} * on (${by}) group_left (name) topk by (${by}) (1, ${info}) or ${expr}`;
}

const models: Panel = {
  id: 13,
  kind: 'table',
  title: 'Models today',
  about: `Cost of each model today, by display name. ${ANALYTICS}`,
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'model'],
  sortBy: 'Today',
  queries: [{ expr: gauge(METRICS.modelCostToday, ['account', 'model'], OPEN), column: 'Today' }],
};

const units: Panel = {
  id: 14,
  kind: 'table',
  title: 'Units by SKU',
  about: `Usage billed in units other than tokens, such as images, seconds and searches, in the selected time range. Units of different SKUs cannot be added up. ${COUNTED} ${freshness}`,
  unit: 'short',
  width: 12,
  labels: ['account', 'model', 'sku'],
  sortBy: 'Units',
  queries: [
    {
      expr: net(METRICS.units, ['provider', 'account', 'model', 'sku'], { range: '$__range' }),
      column: 'Units',
    },
  ],
};

const prices: Panel = {
  id: 15,
  kind: 'table',
  title: 'Unit prices',
  about: 'Price per unit in the newest charge of each SKU. A unit of tokens is one million.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'model', 'sku'],
  sortBy: 'Per unit',
  queries: [{ expr: latest(METRICS.unitPrice, ['account', 'model', 'sku']), column: 'Per unit' }],
};

const changes: Panel = {
  id: 16,
  kind: 'lines',
  title: 'Unit prices that changed',
  about: 'SKUs with more than one price in the selected time range, as of the newest charge.',
  unit: 'currencyUSD',
  width: 24,
  queries: [{ expr: changedPrices(METRICS.unitPrice), legend: '{{model}} {{sku}}' }],
  empty: 'no price changed',
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
  unit: 'short',
  width: 12,
  labels: ['account', 'model'],
  sortBy: 'Requests per minute',
  queries: [
    limit('RPM', 'Requests per minute'),
    limit('RPD', 'Requests per day'),
    limit('TPM', 'Tokens per minute'),
  ],
};

function limit(type: string, column: string) {
  const narrowing = { ...OPEN, also: `limit_type="${type}"` };
  return { expr: latest(METRICS.modelRateLimit, ['account', 'model'], narrowing), column };
}

const keyLimits: Panel = {
  id: 20,
  kind: 'table',
  title: 'Limits of API keys',
  about:
    'Limit and spend of each key in its period, and when it expires; `self` is the key of the exporter. Keys are read every 5 minutes, `self` hourly.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'name', 'api_key'],
  sortBy: 'Spent',
  queries: [
    { expr: withKeyNames(gauge(METRICS.apiKeyLimit, KEY)), column: 'Limit' },
    { expr: withKeyNames(gauge(METRICS.apiKeyUsed, KEY)), column: 'Spent' },
    {
      expr: withKeyNames(`(${latest(METRICS.apiKeyExpiry, KEY)} - time())`),
      column: 'Expires in',
      unit: 's',
    },
  ],
  empty: 'no limits set',
};

const quota: Panel = {
  id: 21,
  kind: 'table',
  title: 'Daily quota',
  about: 'Allowance from staking per UTC day, and when it resets. Read every 5 minutes to hourly.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'currency'],
  sortBy: 'Per day',
  queries: [
    { expr: gauge(METRICS.quota, ['account', 'currency']), column: 'Per day' },
    {
      expr: `${latest(METRICS.quotaReset, ['account', 'currency'])} - time()`,
      column: 'Resets',
      unit: 's',
    },
  ],
  empty: 'no quota',
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
    { title: "Today, by Venice's own analytics", panels: [keys, models] },
    { title: 'Units and prices', panels: [units, prices, changes] },
    {
      title: 'Limits and reconciliation',
      panels: [keyLimits, quota, limits, reconciliation(queries, { id: 19, width: 12 })],
    },
  ],
};
