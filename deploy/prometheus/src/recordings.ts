import { METRICS } from '../../../src/core/metrics/catalog.ts';
import type { Group, Recording } from './rule.ts';
import { type Billed, baseOf, netOver, recordOf } from './windows.ts';

/*
 * Who may use what. All are net of corrections and one series however many exporters or jobs there are.
 *
 * Dashboards: `provider_account`, `provider_account_model` and `provider_account_resource_name`, over 6 hours as dollars an hour
 * (`hourly6h`) and over a day (`net1d`); tokens the same way; the ratios. Exact dollars of a day or month are the exporter's own window
 * gauges, not these.
 * Alerts: `net6h` for what moves hourly, `net3d` for what may be posted a day at a time, `usual6h` and `usual3d` to compare with.
 * Nothing is judged over less than 6 hours: a counter that moves once an hour has 0 or 2 of its steps in an hour's window.
 */

const ACCOUNT = ['provider', 'account'] as const;
const MODEL = [...ACCOUNT, 'model'] as const;
const RESOURCE = [...ACCOUNT, 'resource'] as const;
const ITEM = [...RESOURCE, 'model'] as const;
const ITEM_TOKENS = [...ITEM, 'token_type'] as const;
const MODEL_TOKENS = [...MODEL, 'token_type'] as const;

/** A label set, or all of them in which it was paid, is one item: a resource, or a model that has no resource. */
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

/** The names of what other files use. */
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
  about: 'What was spent and used of late, net of corrections, for dashboards and alerts.',
  interval: '1m',
  rules: [
    ...(['cost', 'tokens', 'requests', 'billedSeconds'] as const).map(baseOf),
    ...[net('cost', ITEM, '6h'), net('cost', ITEM, '1d'), net('cost', ITEM, '3d')],
    ...[sum(COST.account6h, COST.item6h), sum(COST.account1d, COST.item1d), sum(COST.account3d, COST.item3d)],
    ...[sum(COST.model1d, COST.item1d), named('net1d', COST.item1d)],
    { record: recordOf('cost', ACCOUNT, 'hourly6h'), expr: `${COST.account6h} / 6` },
    sum(recordOf('cost', MODEL, 'hourly6h'), `${COST.item6h} / 6`),
    named('hourly6h', `${COST.item6h} / 6`),
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

/** Over the labels that the record's name says. */
function sum(record: string, expr: string): Recording {
  const labels = [...RESOURCE, 'model', 'token_type'].filter((label) =>
    `_${record.split(':')[0]}_`.includes(`_${label}_`),
  );
  return { record, expr: `sum by (${labels.join(', ')}) (${expr})` };
}

/** With the current name, any one of several; without a name where none is known: no spend is lost. */
function named(operation: string, expr: string): Recording {
  const by = RESOURCE.join(', ');
  const names = `topk by (${by}) (1, group by (${by}, name) (${METRICS.resourceInfo.name}))`;
  const spend = `sum by (${by}) (${expr})`;
  return {
    record: recordOf('cost', [...RESOURCE, 'name'], operation),
    expr: `${spend} * on (${by}) group_left (name) ${names} or on (${by}) ${spend}`,
  };
}

/**
 * The most that the same hours of up to four past weeks came to, half a day earlier or later included: what is billed once a day is not
 * billed on the minute. Absent in the first ten days, in which nothing is usual.
 */
function usual(record: string, of: string): Recording {
  const weeks = [1, 2, 3, 4].map(
    (week) => `label_replace(max_over_time(${of}[1d] offset ${week * 7 - 1}d12h), "week", "${week}", "", "")`,
  );
  const known = `present_over_time(${COST.account3d}[1d] offset 10d)`;
  return { record, expr: `max by (provider, account) (${weeks.join(' or ')}) and ${known}` };
}

/** How much billed time the last three days brought: more than three days while a gap is caught up with. */
function advance(through: string): Recording {
  const first = `max by (provider, account) (min_over_time(${through}[3d]))`;
  return { record: RECORDS.advance3d, expr: `max by (provider, account) (${through}) - ${first}` };
}

/** Only of what is billed by tokens: a rented GPU with the same model has none. */
function perMillion(record: string, labels: readonly string[]): Recording {
  const by = labels.join(', ');
  const cost = `sum by (${by}) (${COST.item1d} and ${ITEM_SUM_1D} > 0)`;
  return { record, expr: `1e6 * ${cost} / sum by (${by}) (${ITEM_SUM_1D} > 0)` };
}

/** Of the tokens that went in, those that were not computed again. */
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
