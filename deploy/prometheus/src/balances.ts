import { METRICS } from '../../../src/core/metrics/catalog.ts';
import { refillingOf } from '../../../src/providers/api/currencies.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';
import type { Alert, Group } from './rule.ts';
import { dollarsOf } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

/**
 * The runway as last seen within six hours, because it is absent while readings are late. With several exporters, the longest wins: one of
 * them may have stopped reading.
 */
const RUNWAY = `last_over_time(max by (provider, account) (${METRICS.runway.name})[6h:5m])`;

const BALANCE = dollarsOf(
  `sum(max by (currency) (${METRICS.balance.name}{provider=%q, account=%q, currency!~"${PROVIDERS.flatMap((provider) => [...refillingOf(provider)]).join('|')}"}))`,
  ['provider', 'account'],
);

export const balances: Group = {
  name: 'ai-billing-balances',
  about: 'Prepaid balances: how long they last, and whether the provider accepts requests.',
  interval: '1m',
  rules: [
    runway('AiBillingRunwayShort', THRESHOLDS.runwayShortSeconds, { for: '2h', severity: 'warning' }),
    runway('AiBillingRunwayEnding', THRESHOLDS.runwayEndingSeconds, { for: '1h', severity: 'critical' }),
    {
      alert: 'AiBillingBalanceCannotConsume',
      expr: `max by (provider, account) (${METRICS.canConsume.name}) == 0`,
      for: '10m',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: '{{ $labels.provider }}/{{ $labels.account }}: requests are rejected, insufficient balance.',
      description: `Reported by the provider. Remaining balance, excluding currencies that refill daily: ${BALANCE}, as read a few minutes ago.`,
    },
  ],
};

function runway(alert: string, seconds: number, more: Pick<Alert, 'severity'> & { for: string }): Alert {
  return {
    alert,
    expr: `${RUNWAY} < ${seconds}`,
    keepFiringFor: '1h',
    summary: `The balance of {{ $labels.provider }}/{{ $labels.account }} lasts less than ${seconds / 86_400} days.`,
    description: `${BALANCE} remains, excluding currencies that refill daily. At the spend of the last 24 hours read, it lasts {{ $value | humanizeDuration }}. A single expensive day shortens this estimate until it leaves those 24 hours.`,
    ...more,
  };
}
