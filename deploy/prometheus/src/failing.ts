import { type FailureReason, POLL_FAILURES } from '../../../src/providers/api/errors.ts';
import { THRESHOLDS } from './thresholds.ts';

/** The alert for each failure reason. */
export const ALERT_BY_REASON = {
  network: 'AiBillingFeedDown',
  server: 'AiBillingFeedDown',
  timeout: 'AiBillingFeedDown',
  auth: 'AiBillingCredentialsRefused',
  config: 'AiBillingCredentialsRefused',
  sunset: 'AiBillingEndpointSunset',
  rate_limited: 'AiBillingRequestBudgetExhausted',
  contract: 'AiBillingContractBroken',
  storage: 'AiBillingStorageFailing',
} as const satisfies Record<FailureReason, string>;

/** The keys of the table; `satisfies` guarantees that they are reasons. */
const REASONS = Object.keys(ALERT_BY_REASON).filter(
  (reason): reason is FailureReason => reason in POLL_FAILURES,
);

type FailureAlert = (typeof ALERT_BY_REASON)[FailureReason];

/** Selects the failures that an alert covers. */
export function failuresOf(alert: FailureAlert): string {
  return `ai_billing_poll_failures_total{reason=~"${reasonsOf(alert).join('|')}"}`;
}

function reasonsOf(alert: FailureAlert): FailureReason[] {
  return REASONS.filter((reason) => ALERT_BY_REASON[reason] === alert);
}

/** Feeds whose last poll failed, and which recently failed for a reason that the alert covers. */
export function failing(alert: FailureAlert): string {
  const { restartTakes, retriedWithin, dueWithin } = THRESHOLDS;
  const isRetried = reasonsOf(alert).every((reason) => POLL_FAILURES[reason].retrySooner);
  const within = isRetried ? retriedWithin : dueWithin;
  return `max by (provider, account, feed) (last_over_time(ai_billing_up[${restartTakes}])) == 0
and on (provider, account, feed)
sum by (provider, account, feed) (increase(${failuresOf(alert)}[${within}])) > 0`;
}
