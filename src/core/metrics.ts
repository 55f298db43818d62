import { counter, feedGauge, ledgerGauge, type Metric, own } from './metric.ts';

/**
 * The catalogue: every family that is exposed, its labels and its help. `docs/metrics.md` is generated from it, dashboards and
 * rules are checked against it. Names, types and labels are public API: adding is free, renaming is a deprecation.
 */

/** Labels of every cost and usage family; an absent one is `""`. */
export const CORE = ['provider', 'account', 'resource', 'model', 'tier'] as const;
const ACCOUNT = ['provider', 'account'] as const;
const FEED = ['provider', 'account', 'feed'] as const;
const BUDGET = ['budget'] as const;

const DAY_LAG =
  'Of a feed of closed hours it is 0 until the first hour of the day is due. Absent until the window was read without a hole.';

export const METRICS = {
  cost: counter(
    'ai_billing_cost_usd_total',
    [...CORE, 'currency'],
    'US dollars charged since the baseline, before account credits and tax; currency is what it was paid with.',
    {
      name: 'ai_billing_cost_corrections_usd_total',
      help: 'US dollars by which later statements lowered what was charged. Net is the counter less this.',
    },
  ),
  costToday: ledgerGauge(
    'ai_billing_cost_today_usd',
    [...CORE, 'currency'],
    `Net US dollars of the current UTC day as billed so far. ${DAY_LAG}`,
  ),
  costYesterday: ledgerGauge(
    'ai_billing_cost_yesterday_usd',
    [...CORE, 'currency'],
    'Net US dollars of the previous UTC day. Final once data-through has passed midnight and the settle time of the provider. Absent until the window was read without a hole.',
  ),
  costMonthToDate: ledgerGauge(
    'ai_billing_cost_month_to_date_usd',
    [...CORE, 'currency'],
    'Net US dollars of the current UTC month as billed so far. Absent until the window was read without a hole.',
  ),
  costLastMonth: ledgerGauge(
    'ai_billing_cost_last_month_usd',
    [...CORE, 'currency'],
    'Net US dollars of the previous UTC month. Absent until the window was read without a hole.',
  ),
  componentCost: counter(
    'ai_billing_component_cost_usd_total',
    [...CORE, 'component'],
    'US dollars since the baseline by component (cpu, memory, storage, gpu, vcpu, gpu_memory, cluster); may not add up to the cost.',
    {
      name: 'ai_billing_component_cost_corrections_usd_total',
      help: 'US dollars by which later statements lowered a component.',
    },
  ),
  tokens: counter(
    'ai_billing_tokens_total',
    [...CORE, 'token_type'],
    'Tokens billed since the baseline. The token types are disjoint: input is without the cached ones.',
    {
      name: 'ai_billing_tokens_corrections_total',
      help: 'Tokens by which later statements lowered the count.',
    },
  ),
  requests: counter('ai_billing_requests_total', CORE, 'Requests billed since the baseline.', {
    name: 'ai_billing_requests_corrections_total',
    help: 'Requests by which later statements lowered the count.',
  }),
  billedSeconds: counter(
    'ai_billing_billed_seconds_total',
    CORE,
    'Run time billed since the baseline, in seconds.',
    {
      name: 'ai_billing_billed_corrections_seconds_total',
      help: 'Seconds by which later statements lowered the billed run time.',
    },
  ),
  units: counter(
    'ai_billing_units_total',
    [...CORE, 'sku'],
    'Units billed since the baseline that are not tokens, by SKU; add up within one SKU only.',
    {
      name: 'ai_billing_units_corrections_total',
      help: 'Units by which later statements lowered the count.',
    },
  ),
  topUps: counter(
    'ai_billing_top_ups_usd_total',
    [...ACCOUNT, 'currency'],
    'US dollars of balance purchased since the baseline.',
    {
      name: 'ai_billing_top_ups_corrections_usd_total',
      help: 'US dollars by which later statements lowered the purchases.',
    },
  ),
  unconverted: counter(
    'ai_billing_unconverted_amount_total',
    [...ACCOUNT, 'currency'],
    'Amounts since the baseline, in their own currency, that no configured rate turns into US dollars.',
    {
      name: 'ai_billing_unconverted_corrections_amount_total',
      help: 'Amounts by which later statements lowered what could not be converted.',
    },
  ),
  usageByTier: feedGauge(
    'ai_billing_usage_by_tier_seconds',
    [...ACCOUNT, 'tier'],
    'Usage in seconds as the provider sums it, by tier.',
  ),
  usageByType: feedGauge(
    'ai_billing_usage_by_type_seconds',
    [...ACCOUNT, 'usage_type'],
    'The same usage in seconds, by type of usage event.',
  ),
  usageByModel: feedGauge(
    'ai_billing_usage_by_model_seconds',
    [...ACCOUNT, 'model'],
    'The same usage in seconds, by model identifier.',
  ),
  monthGross: feedGauge(
    'ai_billing_month_gross_usd',
    [...ACCOUNT, 'tier'],
    'US dollars of the current UTC month before credits, as the provider totals the category.',
  ),
  monthCredits: feedGauge(
    'ai_billing_month_credits_usd',
    [...ACCOUNT, 'tier'],
    'US dollars of credits applied in the current UTC month, as the provider totals the category.',
  ),
  monthNet: feedGauge(
    'ai_billing_month_net_usd',
    [...ACCOUNT, 'tier'],
    'US dollars of the current UTC month after credits, as the provider totals the category.',
  ),
  unitPrice: feedGauge(
    'ai_billing_unit_price_usd',
    [...CORE, 'sku'],
    'Last price seen per unit of the SKU, in US dollars.',
    false,
  ),
  balance: feedGauge(
    'ai_billing_balance_usd',
    [...ACCOUNT, 'currency'],
    'Prepaid balance in US dollars, by what it is held in. Absent where the provider gives none.',
  ),
  canConsume: feedGauge(
    'ai_billing_balance_can_consume',
    ACCOUNT,
    '1 if the provider says that the balance suffices for further requests, 0 if not.',
    false,
  ),
  apiKeyCostToday: feedGauge(
    'ai_billing_api_key_cost_today_usd',
    [...ACCOUNT, 'api_key'],
    "US dollars of the current UTC day by API key, the provider's own analytics: charges only, minutes behind the ledger.",
  ),
  apiKeyInfo: feedGauge(
    'ai_billing_api_key_info',
    [...ACCOUNT, 'api_key', 'name'],
    'Always 1. Names of the API keys that were charged today.',
  ),
  modelCostToday: feedGauge(
    'ai_billing_model_cost_today_usd',
    [...ACCOUNT, 'model'],
    "US dollars of the current UTC day by the display name of the model, the provider's own analytics: charges only, minutes behind the ledger.",
  ),
  apiTierInfo: feedGauge(
    'ai_billing_api_tier_info',
    [...ACCOUNT, 'tier'],
    'Always 1. The rate limit tier that the account is in.',
    false,
  ),
  modelRateLimit: feedGauge(
    'ai_billing_api_model_rate_limit',
    [...ACCOUNT, 'model', 'limit_type'],
    'What the provider allows of a model: requests a minute (RPM) or a day (RPD), tokens a minute (TPM).',
    false,
  ),
  priceProbeFee: feedGauge(
    'ai_billing_price_probe_fee_usd',
    [...ACCOUNT, 'probe', 'fee'],
    'US dollars that a configured price probe comes to, by fee. Absent where its expression failed.',
  ),
  priceProbeTotal: feedGauge(
    'ai_billing_price_probe_total_usd',
    [...ACCOUNT, 'probe'],
    'US dollars that a configured price probe comes to, as the provider totals it.',
    false,
  ),
  priceProbeErrors: feedGauge(
    'ai_billing_price_probe_errors',
    [...ACCOUNT, 'probe'],
    'Expressions of a configured price probe that failed; their text is in the status and the log.',
  ),
  trend: feedGauge(
    'ai_billing_cost_trend_ratio',
    [...ACCOUNT, 'range'],
    "Change against the previous period of equal length, the provider's own figure: 0.125 is 12.5 % more.",
    false,
  ),
  reconciliation: feedGauge(
    'ai_billing_reconciliation_difference_usd',
    FEED,
    "The provider's own total less the same from the rows it listed, in US dollars. Not 0: rows and totals disagree.",
  ),
  runway: ledgerGauge(
    'ai_billing_runway_seconds',
    ACCOUNT,
    'How long the balance lasts at the net spend of the last 24 hours, of the currencies that do not refill by themselves (not DIEM). Absent without spend.',
    false,
  ),
  budgetLimit: ledgerGauge(
    'ai_billing_budget_limit_usd',
    BUDGET,
    'US dollars that the budget allows in a period. Budgets may overlap.',
    false,
  ),
  budgetSpent: ledgerGauge(
    'ai_billing_budget_spent_usd',
    BUDGET,
    'Net US dollars of what the budget matches in the current UTC period as billed so far. Absent until the period was read without a hole.',
    false,
  ),
  budgetForecast: ledgerGauge(
    'ai_billing_budget_forecast_usd',
    BUDGET,
    'Net US dollars expected at the end of the current UTC period. Absent below 24 hours of data.',
    false,
  ),
  budgetStart: ledgerGauge(
    'ai_billing_budget_period_start_timestamp_seconds',
    BUDGET,
    'When the current period of the budget began.',
    false,
  ),
  budgetEnd: ledgerGauge(
    'ai_billing_budget_period_end_timestamp_seconds',
    BUDGET,
    'When the current period of the budget ends.',
    false,
  ),
  resourceInfo: ledgerGauge(
    'ai_billing_resource_info',
    [
      ...ACCOUNT,
      'resource',
      'name',
      'kind',
      'project',
      'team',
      'environment_name',
      'instance_type',
      'deleted',
    ],
    'Always 1. Current names and properties of a resource, exactly one per resource on a cost family; several values are joined by commas.',
  ),
  dataFrom: ledgerGauge(
    'ai_billing_data_from_timestamp_seconds',
    FEED,
    'Start of the unbroken range read so far.',
    false,
  ),
  dataThrough: ledgerGauge(
    'ai_billing_data_through_timestamp_seconds',
    FEED,
    'End of the unbroken range read so far, spend or none: no later than when it was read.',
    false,
  ),
  series: ledgerGauge('ai_billing_series', ACCOUNT, 'Series exposed for the account.'),
  seriesFolded: own(
    'counter',
    'ai_billing_series_folded_total',
    ACCOUNT,
    'Label sets that were folded into the overflow series because the account had reached maxSeries.',
    true,
    { source: 'ledger' },
  ),
  up: own(
    'gauge',
    'ai_billing_up',
    FEED,
    '1 if the last poll of the feed succeeded. Absent before its first try and when switched off.',
    false,
  ),
  lastSuccess: own(
    'gauge',
    'ai_billing_last_success_timestamp_seconds',
    FEED,
    'When a poll of the feed last succeeded.',
    false,
  ),
  polls: own('counter', 'ai_billing_polls_total', FEED, 'Polls of the feed, failed ones included.', true),
  pollFailures: own(
    'counter',
    'ai_billing_poll_failures_total',
    [...FEED, 'reason'],
    'Failed polls of the feed by reason.',
    true,
  ),
  pollDuration: own(
    'histogram',
    'ai_billing_poll_duration_seconds',
    FEED,
    'How long polls of the feed took.',
    true,
  ),
  apiRequests: own(
    'counter',
    'ai_billing_api_requests_total',
    [...ACCOUNT, 'code'],
    'Requests sent to the provider by HTTP status; code is "" where no answer came.',
    true,
  ),
  apiRetries: own(
    'counter',
    'ai_billing_api_retries_total',
    ACCOUNT,
    'Requests to the provider that were sent again after a fault.',
    true,
  ),
  rateLimitRemaining: own(
    'gauge',
    'ai_billing_api_rate_limit_remaining',
    ACCOUNT,
    "Requests left in the current window as the provider, or the exporter's own budget, counts them.",
    false,
  ),
  contractDrift: own(
    'counter',
    'ai_billing_contract_drift_total',
    [...FEED, 'kind'],
    'Unknown fields, enum values or shapes met in answers.',
    true,
  ),
  buildInfo: own(
    'gauge',
    'ai_billing_build_info',
    ['version', 'revision', 'node_version'],
    'Always 1. Which build runs.',
    false,
  ),
  configReloadOk: own(
    'gauge',
    'ai_billing_config_last_reload_successful',
    [],
    '1 if the last load of the configuration succeeded.',
    false,
  ),
  configReloadTime: own(
    'gauge',
    'ai_billing_config_last_reload_success_timestamp_seconds',
    [],
    'When the configuration was last loaded.',
    false,
  ),
} as const satisfies Record<string, Metric>;

export type MetricKey = keyof typeof METRICS;

export type { Metric, MetricType } from './metric.ts';
