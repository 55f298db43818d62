import { type FailureReason, POLL_FAILURES } from '../../../src/providers/api/errors.ts';
import { THRESHOLDS } from './thresholds.ts';

/** Which alert tells of which reason: none tells of two, and none is left out. */
export const TOLD_BY = {
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

/** The keys of the table; that they are, `satisfies` has seen to. */
const REASONS = Object.keys(TOLD_BY).filter((reason): reason is FailureReason => reason in POLL_FAILURES);

type Teller = (typeof TOLD_BY)[FailureReason];

/** The failures that an alert tells of, as a selection of series. */
export function failuresOf(alert: Teller): string {
  return `ai_billing_poll_failures_total{reason=~"${reasonsOf(alert).join('|')}"}`;
}

function reasonsOf(alert: Teller): FailureReason[] {
  return REASONS.filter((reason) => TOLD_BY[reason] === alert);
}

/** Feeds whose last poll failed, and which failed of late for what the alert tells of. */
export function failing(alert: Teller): string {
  const { restartTakes, retriedWithin, dueWithin } = THRESHOLDS;
  const isRetried = reasonsOf(alert).every((reason) => POLL_FAILURES[reason].retrySooner);
  const within = isRetried ? retriedWithin : dueWithin;
  return `max by (provider, account, feed) (last_over_time(ai_billing_up[${restartTakes}])) == 0
and on (provider, account, feed)
sum by (provider, account, feed) (increase(${failuresOf(alert)}[${within}])) > 0`;
}
