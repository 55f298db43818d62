import type { Book } from './book.ts';
import { divideHalfEven, type Fixed, fromInteger, multiply, type Usd } from './money.ts';
import { REFILLING } from './rates.ts';
import type { Recent } from './recent.ts';
import type { Observation } from './statement.ts';
import { DAY, SECOND } from './time.ts';

/**
 * Seconds that the balance lasts at the spend of the last 24 hours, of the currencies that do not refill by themselves; 0 where
 * nothing is left. Undefined without such a balance, without such a spend, and where some of the spend is not known.
 */
export function runwayOf(
  book: Book,
  observations: readonly Observation[],
  spends: readonly (Recent | undefined)[],
): Fixed | undefined {
  const balances = observations.filter(
    ({ metric, labels }) => metric === 'balance' && !REFILLING.has(labels.currency ?? ''),
  );
  const known = spends.flatMap((spend) => spend ?? []);
  if (balances.length === 0 || spends.length === 0 || known.length < spends.length) return undefined;
  const perDay = known.reduce((sum, spend) => sum + dailyOf(book, spend), 0n);
  if (perDay <= 0n) return undefined;
  const balance = balances.reduce((sum, { value }) => sum + value, 0n);
  const secondsADay = fromInteger(BigInt(DAY / SECOND));
  return balance <= 0n ? 0n : divideHalfEven(multiply(balance, secondsADay) * 10n ** 12n, perDay);
}

/** Net dollars a day of what does not refill. */
function dailyOf(book: Book, { range, usd }: Recent): Usd {
  let spent = 0n;
  for (const [series, value] of usd) {
    if (!REFILLING.has(book.series.get(series)?.detail ?? '')) spent += value;
  }
  return divideHalfEven(spent * BigInt(DAY), BigInt(range.end - range.start));
}
