import { ACCOUNT, CORE, FEED, feedGauge, type Metric } from './metric.ts';

/** Figures reported by providers, independent of the ledger. */
export const OBSERVATION_METRICS = {
  usageByTier: feedGauge(
    'ai_billing_usage_by_tier_seconds',
    [...ACCOUNT, 'tier'],
    'Usage in seconds as totalled by the provider, by tier.',
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
    'US dollars of the current UTC month before credits: the total of the provider for the category.',
  ),
  monthCredits: feedGauge(
    'ai_billing_month_credits_usd',
    [...ACCOUNT, 'tier'],
    'Credits applied in the current UTC month, in US dollars: the total of the provider for the category.',
  ),
  monthNet: feedGauge(
    'ai_billing_month_net_usd',
    [...ACCOUNT, 'tier'],
    'US dollars of the current UTC month after credits: the total of the provider for the category.',
  ),
  unitPrice: feedGauge(
    'ai_billing_unit_price_usd',
    [...CORE, 'sku'],
    'Latest known price per unit of the SKU, in US dollars.',
    false,
  ),
  balance: feedGauge(
    'ai_billing_balance_usd',
    [...ACCOUNT, 'currency'],
    'Prepaid balance in US dollars, by currency. Absent if the provider reports none.',
  ),
  canConsume: feedGauge(
    'ai_billing_balance_can_consume',
    ACCOUNT,
    '1 if the provider reports that the balance is sufficient for further requests, 0 if not.',
    false,
  ),
  apiKeyCostToday: feedGauge(
    'ai_billing_api_key_cost_today_usd',
    [...ACCOUNT, 'api_key'],
    "US dollars of the current UTC day by API key, from the provider's own analytics: charges only, minutes behind the ledger.",
  ),
  apiKeyInfo: feedGauge(
    'ai_billing_api_key_info',
    [...ACCOUNT, 'api_key', 'name'],
    'Always 1. Names of the API keys with charges today.',
  ),
  apiKeyLimit: feedGauge(
    'ai_billing_api_key_limit_usd',
    [...ACCOUNT, 'api_key'],
    'Spending limit of the API key in its current period, in US dollars over all limited currencies. Absent without a limit.',
  ),
  apiKeyUsed: feedGauge(
    'ai_billing_api_key_used_usd',
    [...ACCOUNT, 'api_key'],
    'US dollars that the API key has spent of its limit in the current period, as reported by the provider.',
  ),
  apiKeyExpiry: feedGauge(
    'ai_billing_api_key_expiry_timestamp_seconds',
    [...ACCOUNT, 'api_key'],
    'When the API key expires; self is the key of the exporter. Absent if it never expires.',
    false,
  ),
  quota: feedGauge(
    'ai_billing_quota_usd',
    [...ACCOUNT, 'currency'],
    'Allowance per period of a quota that refills automatically, such as the daily DIEM allowance, in US dollars.',
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
    "US dollars of the current UTC day by display name of the model, from the provider's own analytics: charges only, minutes behind the ledger.",
  ),
  apiTierInfo: feedGauge(
    'ai_billing_api_tier_info',
    [...ACCOUNT, 'tier'],
    'Always 1. Rate limit tier of the account.',
    false,
  ),
  modelRateLimit: feedGauge(
    'ai_billing_api_model_rate_limit',
    [...ACCOUNT, 'model', 'limit_type'],
    'Rate limit of the model: requests per minute (RPM) or per day (RPD), tokens per minute (TPM).',
    false,
  ),
  priceProbeFee: feedGauge(
    'ai_billing_price_probe_fee_usd',
    [...ACCOUNT, 'probe', 'fee'],
    'Result of a configured price probe in US dollars, by fee. Absent if its expression failed.',
  ),
  priceProbeTotal: feedGauge(
    'ai_billing_price_probe_total_usd',
    [...ACCOUNT, 'probe'],
    'Result of a configured price probe in US dollars, as totalled by the provider.',
    false,
  ),
  priceProbeErrors: feedGauge(
    'ai_billing_price_probe_errors',
    [...ACCOUNT, 'probe'],
    'Failed expressions of a configured price probe; the errors are in /api/v1/status and the log.',
  ),
  rangeRequests: feedGauge(
    'ai_billing_range_requests',
    [...ACCOUNT, 'resource', 'range'],
    'Requests of the resource in a sliding window that ends now, as counted by the provider, for its top resources only. Ranges overlap.',
    false,
  ),
  trend: feedGauge(
    'ai_billing_cost_trend_ratio',
    [...ACCOUNT, 'range'],
    'Change from the preceding period of equal length, as reported by the provider: 0.125 is 12.5 % more.',
    false,
  ),
  reconciliation: feedGauge(
    'ai_billing_reconciliation_difference_usd',
    FEED,
    "The provider's own total minus the same total from the ledger, in US dollars; /api/v1/status names the total. They disagree if it is not 0.",
  ),
} as const satisfies Record<string, Metric>;

/** What an observation can be of. */
export type ObservationKey = keyof typeof OBSERVATION_METRICS;

export function isObservationKey(key: string): key is ObservationKey {
  return Object.hasOwn(OBSERVATION_METRICS, key);
}
