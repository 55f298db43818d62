import { failing, failuresOf } from './failing.ts';
import { LAST_SUCCESS, YESTERDAY } from './looked-up.ts';
import { RHYTHMS } from './rhythms.ts';
import type { Alert, Group, Recording } from './rule.ts';
import { THRESHOLDS } from './thresholds.ts';

const FEED = '{{ $labels.feed }} of {{ $labels.provider }}/{{ $labels.account }}';
const ACCOUNT = '{{ $labels.provider }}/{{ $labels.account }}';

/** How far each feed has come: bills by the end of what was read, all else by the last success. */
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

/** How old that may be, in seconds: a term for each provider and age. */
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
  summary: `The feed ${FEED} cannot reach its provider.`,
  description: `For more than ${THRESHOLDS.feedDownFor} its polls have met a network error, a timeout or a 5xx.${LAST_SUCCESS} Its figures stand still; what is spent meanwhile is not lost, it is read once the provider answers.${YESTERDAY}`,
};

/** A poll that hangs from the start has shown no `up`; reading history for the first time may take as long as it takes. */
const dataStale: Alert = {
  alert: 'AiBillingDataStale',
  expr: `time() - ai_billing:feed_progress:timestamp_seconds > ai_billing:feed_allowed_age:seconds
and on (provider, account, feed)
(ai_billing_up == 1 or ai_billing_polls_total{feed!~"${historyFeeds()}"} == 0)`,
  for: THRESHOLDS.dataStaleFor,
  keepFiringFor: '15m',
  severity: 'warning',
  summary: `The feed ${FEED} has read nothing new for {{ $value | humanizeDuration }}.`,
  description: `No poll failed, and still it is behind its own rhythm: a poll hangs or waits for the provider's limits, or the provider has published nothing newer. Costs and budgets stand where they were.${YESTERDAY}`,
};

const credentialsRefused: Alert = {
  alert: 'AiBillingCredentialsRefused',
  expr: `count by (provider, account) (\n${failing('AiBillingCredentialsRefused')}\n)`,
  for: THRESHOLDS.credentialsRefusedFor,
  severity: 'warning',
  summary: `The key of ${ACCOUNT} is refused or cannot be read.`,
  description: `{{ $value }} of its feeds ended with 401, 402, 403 or an unreadable key, and will until the key is mended. Nothing new is read; feeds that an account may do without are not counted.${YESTERDAY}`,
};

const endpointSunset: Alert = {
  alert: 'AiBillingEndpointSunset',
  expr: failing('AiBillingEndpointSunset'),
  for: THRESHOLDS.endpointSunsetFor,
  severity: 'warning',
  summary: `The provider has retired the endpoint of the feed ${FEED} (410).`,
  description: `It does not come back by itself: the account needs another endpoint or a newer exporter.${LAST_SUCCESS} What it read stands as it was.${YESTERDAY}`,
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
  summary: `The requests that ${ACCOUNT} may send do not suffice.`,
  description: `For more than ${THRESHOLDS.requestBudgetFor} the provider's limit was used up, or polls were told to wait (429). Figures are later than their feeds' rhythm, and history waits.${YESTERDAY}`,
};

const contractBroken: Alert = {
  alert: 'AiBillingContractBroken',
  expr: failing('AiBillingContractBroken'),
  for: THRESHOLDS.feedDownFor,
  keepFiringFor: '15m',
  severity: 'warning',
  summary: `The provider answers the feed ${FEED} in a way that is not documented.`,
  description: `For more than ${THRESHOLDS.feedDownFor} answers have had another shape, or a status that the exporter does not know. None of them is believed in part: figures stand as they were.${LAST_SUCCESS}${YESTERDAY}`,
};

export const feeds: Group = {
  name: 'ai-billing-feeds',
  about: 'Whether what is shown is what the providers bill now: feeds, keys, limits and answers.',
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
