import type { Observation } from '../statement/statement.ts';
import { REFILLING } from '../values/exchange-rates.ts';
import { divideHalfEven, type Fixed, fromInteger } from '../values/money.ts';
import { DAY, SECOND } from '../values/time.ts';
import type { SpendByCurrency } from './burn-rate.ts';

/**
 * Seconds that the balance lasts at the spend of the last 24 hours, in currencies that do not refill by themselves; 0 if nothing is
 * left. Undefined without such a balance or spend, and if some of the spend is unknown.
 */
export function runwayOf(
  balances: readonly Observation[],
  spends: readonly (SpendByCurrency | undefined)[],
): Fixed | undefined {
  const lasting = balances.filter(({ labels }) => !REFILLING.has(labels.currency ?? ''));
  const known = spends.flatMap((spend) => spend ?? []);
  if (lasting.length === 0 || spends.length === 0 || known.length < spends.length) return undefined;
  const spent = known
    .flatMap((spend) => [...spend])
    .reduce((sum, [currency, usd]) => (REFILLING.has(currency) ? sum : sum + usd), 0n);
  if (spent <= 0n) return undefined;
  const balance = lasting.reduce((sum, { value }) => sum + value, 0n);
  const day = fromInteger(BigInt(DAY / SECOND));
  return balance <= 0n ? 0n : divideHalfEven(balance * day, spent);
}
