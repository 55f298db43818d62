import { ACCOUNT, exporterMetric, FEED, type Metric } from '../statement/metric.ts';

const RECEIVER = ['receiver'] as const;

type Define = (name: string, labels: readonly string[], help: string) => Metric;
const counter: Define = (...metric) => exporterMetric('counter', ...metric);
const gauge: Define = (...metric) => exporterMetric('gauge', ...metric);
const histogram: Define = (...metric) => exporterMetric('histogram', ...metric);

/** The exporter's metrics about itself. */
export const EXPORTER_METRICS = {
  up: gauge(
    'ai_billing_up',
    FEED,
    '1 if the last poll of the feed succeeded, 0 if not. Absent before the first poll and while the feed is disabled.',
  ),
  lastSuccess: gauge(
    'ai_billing_last_success_timestamp_seconds',
    FEED,
    'When a poll of the feed last succeeded.',
  ),
  polls: counter('ai_billing_polls_total', FEED, 'Polls of the feed, including failed polls.'),
  pollFailures: counter(
    'ai_billing_poll_failures_total',
    [...FEED, 'reason'],
    'Failed polls of the feed by reason.',
  ),
  pollDuration: histogram('ai_billing_poll_duration_seconds', FEED, 'Duration of polls of the feed.'),
  apiRequests: counter(
    'ai_billing_api_requests_total',
    [...ACCOUNT, 'code'],
    'Requests sent to the provider by HTTP status; code is "" if no response arrived.',
  ),
  apiRetries: counter(
    'ai_billing_api_retries_total',
    ACCOUNT,
    'Requests to the provider that were retried after an error.',
  ),
  rateLimitRemaining: gauge(
    'ai_billing_api_rate_limit_remaining',
    ACCOUNT,
    "Requests left in the current window, by the provider's count or the exporter's own budget.",
  ),
  contractDrift: counter(
    'ai_billing_contract_drift_total',
    [...FEED, 'kind'],
    'Undocumented fields, values or shapes in responses.',
  ),
  otlpUp: gauge('ai_billing_otlp_up', RECEIVER, '1 if the last push to the receiver succeeded.'),
  otlpLastSuccess: gauge(
    'ai_billing_otlp_last_success_timestamp_seconds',
    RECEIVER,
    'When a push to the receiver last succeeded.',
  ),
  otlpPushDuration: histogram(
    'ai_billing_otlp_push_duration_seconds',
    RECEIVER,
    'Duration of pushes to the receiver, including failed pushes.',
  ),
  otlpPoints: counter('ai_billing_otlp_points_total', RECEIVER, 'Data points accepted by the receiver.'),
  otlpRetries: counter(
    'ai_billing_otlp_retries_total',
    RECEIVER,
    'Requests to the receiver that were retried after an error.',
  ),
  otlpUndelivered: counter(
    'ai_billing_otlp_undelivered_points_total',
    [...RECEIVER, 'reason'],
    'Data points rejected by the receiver or not delivered, by reason. The next push carries the same totals again.',
  ),
  buildInfo: gauge(
    'ai_billing_build_info',
    ['version', 'revision', 'node_version'],
    'Always 1. Version of the running build.',
  ),
  configReloadOk: gauge(
    'ai_billing_config_last_reload_successful',
    [],
    '1 if the last load of the configuration succeeded.',
  ),
  configReloadTime: gauge(
    'ai_billing_config_last_reload_success_timestamp_seconds',
    [],
    'When the configuration was last loaded successfully.',
  ),
} as const satisfies Record<string, Metric>;
