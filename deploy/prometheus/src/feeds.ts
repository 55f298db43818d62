import { failing, failuresOf } from './failing.ts';
import { BALANCE_LEFT, LAST_SUCCESS, PREPAID, YESTERDAY } from './figure.ts';
import { RHYTHMS } from './rhythms.ts';
import type { Alert, Group, Recording } from './rule.ts';
import { ACCOUNT, DURATION } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

const FEED = `${ACCOUNT}: the feed {{ $labels.feed }}`;

/** How far each feed has come: billing feeds by the end of the data read, all others by the last success. */
const progress: Recording = {
  record: 'ai_billing:feed_progress:timestamp_seconds',
  expr: `max by (provider, account, feed) (ai_billing_data_through_timestamp_seconds{feed!~"${historyFeeds()}"})
or
max by (provider, account, feed) (ai_billing_last_success_timestamp_seconds)`,
};

function historyFeeds(): string {
  const names = RHYTHMS.filter(({ isHistory }) => isHistory).map(({ feed }) => feed);
  return [...new Set(names)].sort().join('|');
}

/** The maximum age of that, in seconds: one term per provider and age. */
const allowedAge: Recording = {
  record: 'ai_billing:feed_allowed_age:seconds',
  expr: [...Map.groupBy(RHYTHMS, ({ provider, allowedSeconds }) => `${allowedSeconds} ${provider}`).values()]
    .map((alike) => {
      const [{ provider, allowedSeconds } = { provider: '', allowedSeconds: 0 }] = alike;
      const names = alike.map(({ feed }) => feed).join('|');
      const polled = `ai_billing_polls_total{provider="${provider}",feed=~"${names}"}`;
      return `${allowedSeconds} * group by (provider, account, feed) (${polled})`;
    })
    .join('\nor\n'),
};

const feedDown: Alert = {
  alert: 'AiBillingFeedDown',
  expr: failing('AiBillingFeedDown'),
  for: THRESHOLDS.feedDownFor,
  keepFiringFor: '15m',
  severity: 'warning',
  summary: `${FEED} cannot reach its provider.`,
  description: `Polls have failed with a network error, a timeout or a 5xx for more than ${THRESHOLDS.feedDownFor}.${LAST_SUCCESS} Its figures are frozen; no spend is lost, it is read once the provider answers.${YESTERDAY}`,
};

/** A poll that has hung since the start has set no `up`. The first read of history may take any time. */
const dataStale: Alert = {
  alert: 'AiBillingDataStale',
  expr: `time() - ai_billing:feed_progress:timestamp_seconds > ai_billing:feed_allowed_age:seconds
and on (provider, account, feed)
(ai_billing_up == 1 or ai_billing_polls_total{feed!~"${historyFeeds()}"} == 0)`,
  for: THRESHOLDS.dataStaleFor,
  keepFiringFor: '15m',
  severity: 'warning',
  summary: `${FEED} has read nothing new for {{ $value | ${DURATION} }}.`,
  description: `Polls do not fail, but the feed is behind its schedule: a poll hangs or waits for a rate limit, or the provider has published nothing newer. Costs and budgets are frozen.${YESTERDAY}`,
};

const credentialsRefused: Alert = {
  alert: 'AiBillingCredentialsRefused',
  expr: bySeverity(`count by (provider, account) (\n${failing('AiBillingCredentialsRefused')}\n)`),
  for: THRESHOLDS.credentialsRefusedFor,
  severity: 'varies',
  summary: `${ACCOUNT}: the API key is rejected or cannot be read.`,
  description: `Feeds that fail with 401, 402, 403 or an unreadable key: {{ $value }}. Nothing new is read until the key is fixed; optional feeds are not counted.${BALANCE_LEFT}${YESTERDAY}`,
};

/** A prepaid account that cannot be read may run out of balance unnoticed, and then rejects requests. */
function bySeverity(refused: string): string {
  const isPrepaid = `on (provider, account) ${PREPAID}}`;
  return `label_replace(
${refused} and ${isPrepaid},
"severity", "critical", "", ""
)
or
label_replace(
${refused} unless ${isPrepaid},
"severity", "warning", "", ""
)`;
}

const endpointSunset: Alert = {
  alert: 'AiBillingEndpointSunset',
  expr: failing('AiBillingEndpointSunset'),
  for: THRESHOLDS.endpointSunsetFor,
  severity: 'warning',
  summary: `${FEED} uses an endpoint that the provider has retired (410).`,
  description: `The feed does not recover by itself: the account needs another endpoint or a newer exporter.${LAST_SUCCESS} Figures already read are kept.${YESTERDAY}`,
};

const requestBudgetExhausted: Alert = {
  alert: 'AiBillingRequestBudgetExhausted',
  expr: `max by (provider, account) (max_over_time(ai_billing_api_rate_limit_remaining[${THRESHOLDS.requestBudgetWithin}])) == 0
or
max by (provider, account) (
  sum by (provider, account, job, instance) (
    increase(${failuresOf('AiBillingRequestBudgetExhausted')}[${THRESHOLDS.requestBudgetWithin}])
  )
) > ${THRESHOLDS.rateLimitedPolls}`,
  for: THRESHOLDS.requestBudgetFor,
  keepFiringFor: '30m',
  severity: 'warning',
  summary: `${ACCOUNT}: the request limit of the provider is exhausted.`,
  description: `For more than ${THRESHOLDS.requestBudgetFor} the provider's limit has been used up, or polls have been rejected with 429. Figures arrive late and reading of history is paused.${YESTERDAY}`,
};

const contractBroken: Alert = {
  alert: 'AiBillingContractBroken',
  expr: failing('AiBillingContractBroken'),
  for: THRESHOLDS.feedDownFor,
  keepFiringFor: '15m',
  severity: 'warning',
  summary: `${FEED} gets undocumented responses from its provider.`,
  description: `Responses have had an unexpected shape or status for more than ${THRESHOLDS.feedDownFor}. No part of them is used: figures stay as they were.${LAST_SUCCESS}${YESTERDAY}`,
};

export const feeds: Group = {
  name: 'ai-billing-feeds',
  about: 'Whether figures are current: feeds, keys, limits and responses.',
  rules: [
    progress,
    allowedAge,
    feedDown,
    dataStale,
    credentialsRefused,
    endpointSunset,
    requestBudgetExhausted,
    contractBroken,
  ],
};
