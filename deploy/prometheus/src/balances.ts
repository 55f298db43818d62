import { METRICS } from '../../../src/core/metrics/catalog.ts';
import { PREPAID } from './figure.ts';
import type { Alert, Group } from './rule.ts';
import { ACCOUNT, dollarsOf, valueIn } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

/**
 * The runway as last seen within six hours, because it is absent while readings are late. With several exporters, the longest wins: one of
 * them may have stopped reading.
 */
const RUNWAY = `last_over_time(max by (provider, account) (${METRICS.runway.name})[6h:5m])`;

const BALANCE = dollarsOf(`sum(max by (currency) (${PREPAID}, provider=%q, account=%q}))`, [
  'provider',
  'account',
]);

export const balances: Group = {
  name: 'ai-billing-balances',
  about: 'Prepaid balances: how long they last, and whether the provider accepts requests.',
  interval: '1m',
  rules: [
    runway('AiBillingRunwayShort', THRESHOLDS.runwayShortSeconds, {
      for: '2h',
      severity: 'warning',
      left: `${valueIn(86_400)} days`,
    }),
    runway('AiBillingRunwayEnding', THRESHOLDS.runwayEndingSeconds, {
      for: '1h',
      severity: 'critical',
      left: `${valueIn(3600)} h`,
    }),
    {
      alert: 'AiBillingBalanceCannotConsume',
      expr: `max by (provider, account) (${METRICS.canConsume.name}) == 0`,
      for: '10m',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: `${ACCOUNT}: requests are rejected, insufficient balance.`,
      description: `Reported by the provider. Remaining balance, excluding currencies that refill daily: ${BALANCE}, as read a few minutes ago.`,
    },
  ],
};

/** `left` is how long the balance lasts, as text. */
function runway(
  alert: string,
  seconds: number,
  { left, ...more }: Pick<Alert, 'severity' | 'for'> & { left: string },
): Alert {
  return {
    alert,
    expr: `${RUNWAY} < ${seconds}`,
    keepFiringFor: '1h',
    summary: `The balance of ${ACCOUNT} lasts under ${left}.`,
    description: `${BALANCE} remains, excluding currencies that refill daily. This assumes the spend of the last 24 hours read: a single expensive day shortens it until the day has passed.`,
    ...more,
  };
}
