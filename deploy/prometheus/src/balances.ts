import { METRICS } from '../../../src/core/metrics/catalog.ts';
import { refillingOf } from '../../../src/providers/api/currencies.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';
import type { Alert, Group } from './rule.ts';
import { dollarsOf } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

/**
 * Of the last six hours: it is absent while readings are late. Of several exporters the one that sees the longest, as one of them may
 * have stopped reading.
 */
const RUNWAY = `last_over_time(max by (provider, account) (${METRICS.runway.name})[6h:5m])`;

const BALANCE = dollarsOf(
  `sum(max by (currency) (${METRICS.balance.name}{provider=%q, account=%q, currency!~"${PROVIDERS.flatMap((provider) => [...refillingOf(provider)]).join('|')}"}))`,
  ['provider', 'account'],
);

export const balances: Group = {
  name: 'ai-billing-balances',
  about: 'Prepaid balances: how long they last, and whether they suffice.',
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
      summary: '{{ $labels.provider }}/{{ $labels.account }} refuses requests: its balance does not suffice.',
      description: `The provider says so itself. The balance that does not refill by itself is ${BALANCE}, as of the last reading, which is minutes old.`,
    },
  ],
};

function runway(alert: string, seconds: number, more: Pick<Alert, 'severity'> & { for: string }): Alert {
  return {
    alert,
    expr: `${RUNWAY} < ${seconds}`,
    keepFiringFor: '1h',
    summary:
      'The balance of {{ $labels.provider }}/{{ $labels.account }} lasts {{ $value | humanizeDuration }} more.',
    description: `${BALANCE} is left, without what refills by itself; it lasts {{ $value | humanizeDuration }} at the spend of the last 24 hours that were read. A single dear day makes it look short until it has passed.`,
    ...more,
  };
}
