import { ACCOUNT, CORE, FEED, feedGauge, type Metric } from './metric.ts';

/** The providers' own figures, beside the ledger. */
export const OBSERVATION_METRICS = {
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
  apiKeyLimit: feedGauge(
    'ai_billing_api_key_limit_usd',
    [...ACCOUNT, 'api_key'],
    'US dollars that the API key may spend in its current period, all limited currencies together. Absent without a limit.',
  ),
  apiKeyUsed: feedGauge(
    'ai_billing_api_key_used_usd',
    [...ACCOUNT, 'api_key'],
    "US dollars that the API key spent of its limit in the current period, the provider's own figure.",
  ),
  apiKeyExpiry: feedGauge(
    'ai_billing_api_key_expiry_timestamp_seconds',
    [...ACCOUNT, 'api_key'],
    'When the API key expires; self is the key that the exporter uses. Absent where it never does.',
    false,
  ),
  quota: feedGauge(
    'ai_billing_quota_usd',
    [...ACCOUNT, 'currency'],
    'US dollars that the account may spend in each period of a quota that refills by itself, such as the DIEM of an epoch.',
  ),
  quotaReset: feedGauge(
    'ai_billing_quota_reset_timestamp_seconds',
    [...ACCOUNT, 'currency'],
    'When the quota refills next.',
    false,
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
  rangeRequests: feedGauge(
    'ai_billing_range_requests',
    [...ACCOUNT, 'resource', 'range'],
    'Requests of the resource in a sliding window that ends now, as the provider counts them; of its top resources only. Ranges overlap.',
    false,
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
    "The provider's own total less the same from the ledger, in US dollars; the status says which total. Not 0: they disagree.",
  ),
} as const satisfies Record<string, Metric>;

/** What an observation can be of. */
export type ObservationKey = keyof typeof OBSERVATION_METRICS;

export function isObservationKey(key: string): key is ObservationKey {
  return Object.hasOwn(OBSERVATION_METRICS, key);
}
