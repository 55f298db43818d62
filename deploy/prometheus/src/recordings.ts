import { METRICS } from '../../../src/core/metrics/catalog.ts';
import type { Group, Recording } from './rule.ts';
import { type Billed, baseOf, netOver, recordOf } from './windows.ts';

/*
 * All records are net of corrections, and one series regardless of the number of exporters and jobs.
 *
 * For dashboards: `provider_account`, `provider_account_model` and `provider_account_resource_name`, over 6 hours in dollars per hour
 * (`hourly6h`) and over a day (`net1d`); the same for tokens; the ratios. For exact dollars of a day or month use the exporter's window
 * gauges instead.
 * For alerts: `net6h` for spend that moves hourly, `net3d` for spend posted a day at a time, `usual6h` and `usual3d` to compare with.
 * No window is shorter than 6 hours: a counter that moves once an hour may have 0 or 2 steps within an hour.
 */

const ACCOUNT = ['provider', 'account'] as const;
const MODEL = [...ACCOUNT, 'model'] as const;
const RESOURCE = [...ACCOUNT, 'resource'] as const;
const ITEM = [...RESOURCE, 'model'] as const;
const ITEM_TOKENS = [...ITEM, 'token_type'] as const;
const MODEL_TOKENS = [...MODEL, 'token_type'] as const;

/** An item is a resource, or a model without a resource, over all currencies. */
const COST = {
  item6h: recordOf('cost', ITEM, 'net6h'),
  item1d: recordOf('cost', ITEM, 'net1d'),
  item3d: recordOf('cost', ITEM, 'net3d'),
  account6h: recordOf('cost', ACCOUNT, 'net6h'),
  account1d: recordOf('cost', ACCOUNT, 'net1d'),
  account3d: recordOf('cost', ACCOUNT, 'net3d'),
  accountUsual6h: recordOf('cost', ACCOUNT, 'usual6h'),
  accountUsual3d: recordOf('cost', ACCOUNT, 'usual3d'),
  model1d: recordOf('cost', MODEL, 'net1d'),
} as const;

const ITEM_TOKENS_1D = recordOf('tokens', ITEM_TOKENS, 'net1d');
const ITEM_SUM_1D = recordOf('tokens', ITEM, 'net1d');
const ITEM_REQUESTS_1D = recordOf('requests', ITEM, 'net1d');

/** Names of the records that other files use. */
export const RECORDS = {
  ...COST,
  seconds3d: recordOf('billedSeconds', ITEM, 'net3d'),
  requests3d: recordOf('requests', ITEM, 'net3d'),
  tokens1d: recordOf('tokens', ACCOUNT, 'net1d'),
  advance3d: 'provider_account:ai_billing_data_through_seconds:advance3d',
  perMillion: 'provider_account:ai_billing_cost_usd_per_million_tokens:ratio1d',
  perMillionUsual: 'provider_account:ai_billing_cost_usd_per_million_tokens:max7d',
  modelPerMillion: 'provider_account_model:ai_billing_cost_usd_per_million_tokens:ratio1d',
  modelPerMillionUsual: 'provider_account_model:ai_billing_cost_usd_per_million_tokens:avg7d',
  cachedShare: 'provider_account_model:ai_billing_cached_input_tokens:share1d',
  cachedShareUsual: 'provider_account_model:ai_billing_cached_input_tokens:avg7d',
} as const;

export const recordings: Group = {
  name: 'ai-billing-recordings',
  about: 'Recent spend and usage, net of corrections, for dashboards and alerts.',
  interval: '1m',
  rules: [
    ...(['cost', 'tokens', 'requests', 'billedSeconds'] as const).map(baseOf),
    ...[net('cost', ITEM, '6h'), net('cost', ITEM, '1d'), net('cost', ITEM, '3d')],
    ...[sum(COST.account6h, COST.item6h), sum(COST.account1d, COST.item1d), sum(COST.account3d, COST.item3d)],
    ...[sum(COST.model1d, COST.item1d), withName('net1d', COST.item1d)],
    { record: recordOf('cost', ACCOUNT, 'hourly6h'), expr: `${COST.account6h} / 6` },
    sum(recordOf('cost', MODEL, 'hourly6h'), `${COST.item6h} / 6`),
    withName('hourly6h', `${COST.item6h} / 6`),
    usual(COST.accountUsual6h, COST.account6h),
    usual(COST.accountUsual3d, COST.account3d),
    advance(METRICS.dataThrough.name),
    ...[net('tokens', ITEM_TOKENS, '1d'), sum(ITEM_SUM_1D, ITEM_TOKENS_1D)],
    ...[sum(RECORDS.tokens1d, ITEM_SUM_1D), sum(recordOf('tokens', MODEL_TOKENS, 'net1d'), ITEM_TOKENS_1D)],
    {
      record: recordOf('tokens', MODEL_TOKENS, 'hourly6h'),
      expr: `sum by (${MODEL_TOKENS.join(', ')}) (${netOver('tokens', '6h')}) / 6`,
    },
    ...[net('requests', ITEM, '1d'), net('requests', ITEM, '3d'), net('billedSeconds', ITEM, '3d')],
    ...[perMillion(RECORDS.perMillion, ACCOUNT), perMillion(RECORDS.modelPerMillion, MODEL)],
    over(RECORDS.perMillionUsual, 'max_over_time', RECORDS.perMillion),
    over(RECORDS.modelPerMillionUsual, 'avg_over_time', RECORDS.modelPerMillion),
    cachedShare(recordOf('tokens', MODEL_TOKENS, 'net1d')),
    over(RECORDS.cachedShareUsual, 'avg_over_time', RECORDS.cachedShare),
    {
      record: 'provider_account_resource_model:ai_billing_cost_usd_per_request:ratio1d',
      expr: `${COST.item1d} / (${ITEM_REQUESTS_1D} > 0)`,
    },
  ],
};

function net(key: Billed, labels: readonly string[], window: string): Recording {
  return {
    record: recordOf(key, labels, `net${window}`),
    expr: `sum by (${labels.join(', ')}) (${netOver(key, window)})`,
  };
}

/** Sums over the labels in the name of the record. */
function sum(record: string, expr: string): Recording {
  const labels = [...RESOURCE, 'model', 'token_type'].filter((label) =>
    `_${record.split(':')[0]}_`.includes(`_${label}_`),
  );
  return { record, expr: `sum by (${labels.join(', ')}) (${expr})` };
}

/** Adds the current name (any one of several), or no name if none is known, so that no spend is lost. */
function withName(operation: string, expr: string): Recording {
  const by = RESOURCE.join(', ');
  const names = `topk by (${by}) (1, group by (${by}, name) (${METRICS.resourceInfo.name}))`;
  const spend = `sum by (${by}) (${expr})`;
  return {
    record: recordOf('cost', [...RESOURCE, 'name'], operation),
    expr: `${spend} * on (${by}) group_left (name) ${names} or on (${by}) ${spend}`,
  };
}

/**
 * The maximum for the same hours of up to four past weeks, give or take half a day, because daily charges are not posted at a fixed
 * time. Absent during the first ten days.
 */
function usual(record: string, of: string): Recording {
  const weeks = [1, 2, 3, 4].map(
    (week) => `label_replace(max_over_time(${of}[1d] offset ${week * 7 - 1}d12h), "week", "${week}", "", "")`,
  );
  const known = `present_over_time(${COST.account3d}[1d] offset 10d)`;
  return { record, expr: `max by (provider, account) (${weeks.join(' or ')}) and ${known}` };
}

/** How much billed time was read in the last three days: more than three days while catching up after a gap. */
function advance(through: string): Recording {
  const first = `max by (provider, account) (min_over_time(${through}[3d]))`;
  return { record: RECORDS.advance3d, expr: `max by (provider, account) (${through}) - ${first}` };
}

/** Only spend billed by token: a rented GPU with the same model has no tokens. */
function perMillion(record: string, labels: readonly string[]): Recording {
  const by = labels.join(', ');
  const cost = `sum by (${by}) (${COST.item1d} and ${ITEM_SUM_1D} > 0)`;
  return { record, expr: `1e6 * ${cost} / sum by (${by}) (${ITEM_SUM_1D} > 0)` };
}

/** The cached share of input tokens. */
function cachedShare(tokens: string): Recording {
  const all = `sum without (token_type) (${tokens}{token_type=~"input|cached_input|cache_write"})`;
  return {
    record: RECORDS.cachedShare,
    expr: `sum without (token_type) (${tokens}{token_type="cached_input"}) / (${all} > 0)`,
  };
}

function over(record: string, operation: string, of: string): Recording {
  return { record, expr: `${operation}(${of}[7d] offset 1d)` };
}
