import { ACCOUNT, FEED, type Metric, own } from './metric.ts';

/** What the exporter tells about itself. */
export const EXPORTER_METRICS = {
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
