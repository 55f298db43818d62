import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { venice as billing } from '../../src/providers/venice/index.ts';
import type { Board, Panel, Variable } from './board.ts';
import { balances, canConsume, runway, topUps } from './budget-panels.ts';
import { COUNTED } from './freshness.ts';
import { queriesOf } from './promql.ts';
import { reconciliation } from './reconciliation-panels.ts';
import { dearest, perDay, totals } from './spend.ts';

const provider = billing.id;
const variables: readonly Variable[] = ['account', 'model'];
const queries = queriesOf({ provider, variables });
const { net, gauge, latest, of } = queries;
const { freshness } = billing;
const ANALYTICS = "Venice's own analytics of the current UTC day, charges only. Read every ten minutes.";
/** Analytics and limits name models in their own way. */
const OPEN = { open: ['model'] } as const;
const KEY = ['provider', 'account', 'api_key'] as const;

const tier: Panel = {
  id: 6,
  kind: 'stat',
  names: true,
  title: 'Rate limit tier',
  about: 'The tier that each account is in. Read hourly.',
  unit: 'none',
  width: 4,
  queries: [{ expr: latest(METRICS.apiTierInfo), legend: '{{account}}: {{tier}}' }],
  empty: 'not read',
};

/** Charges of today by API key under its current name. */
const keys: Panel = {
  id: 12,
  kind: 'table',
  title: 'API keys today',
  about: `What each API key has cost today. ${ANALYTICS}`,
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
  about: `What each model has cost today, by its display name. ${ANALYTICS}`,
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
  about: `What is not billed in tokens: images, seconds, searches and the like, in the time shown; units add up within one SKU only. ${COUNTED} ${freshness}`,
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
  about:
    'The price a unit of the SKU was last charged at; a unit of tokens is a million. As fresh as the last charge.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'model', 'sku'],
  sortBy: 'A unit',
  queries: [{ expr: latest(METRICS.unitPrice, ['account', 'model', 'sku']), column: 'A unit' }],
};

const changes: Panel = {
  id: 16,
  kind: 'lines',
  title: 'Unit prices that changed',
  about: 'Prices of SKUs that had more than one price in the time shown. As fresh as the last charge.',
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
  about: 'What Venice allows: requests a minute and a day, tokens a minute. Read hourly.',
  unit: 'short',
  width: 12,
  labels: ['account', 'model'],
  sortBy: 'Requests a minute',
  queries: [
    limit('RPM', 'Requests a minute'),
    limit('RPD', 'Requests a day'),
    limit('TPM', 'Tokens a minute'),
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
    'What each key may spend in its period, what it has spent, and in how long it expires; self is the key that the exporter uses. Keys are read every five minutes, that one hourly.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'name', 'api_key'],
  sortBy: 'Spent',
  queries: [
    { expr: withKeyNames(gauge(METRICS.apiKeyLimit, KEY)), column: 'May spend' },
    { expr: withKeyNames(gauge(METRICS.apiKeyUsed, KEY)), column: 'Spent' },
    {
      expr: withKeyNames(`(${latest(METRICS.apiKeyExpiry, KEY)} - time())`),
      column: 'Expires in',
      unit: 's',
    },
  ],
  empty: 'no key has a limit',
};

const quota: Panel = {
  id: 21,
  kind: 'table',
  title: 'Quota of the epoch',
  about:
    'What a stake gives in each UTC day, and in how long it does so again. Read every five minutes and hourly.',
  unit: 'currencyUSD',
  width: 12,
  labels: ['account', 'currency'],
  sortBy: 'In an epoch',
  queries: [
    { expr: gauge(METRICS.quota, ['account', 'currency']), column: 'In an epoch' },
    {
      expr: `${latest(METRICS.quotaReset, ['account', 'currency'])} - time()`,
      column: 'Begins again in',
      unit: 's',
    },
  ],
  empty: 'no quota',
};

/** What only Venice.ai has: several currencies, SKUs with prices, API keys, rate limits. */
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
        dearest(queries, {
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
    { title: "Today by Venice's own analytics", panels: [keys, models] },
    { title: 'Units and prices', panels: [units, prices, changes] },
    {
      title: 'Limits and reconciliation',
      panels: [keyLimits, quota, limits, reconciliation(queries, { id: 19, width: 12 })],
    },
  ],
};
