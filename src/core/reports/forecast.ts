import { divideHalfEven, type Usd } from '../values/money.ts';
import { DAY, type Instant, startOfDay } from '../values/time.ts';
import { typicalDay } from './typical-day.ts';

export interface SpendHistory {
  /**
   * Net dollars of consecutive whole UTC days, oldest first, up to the day of `through`. May be empty; at most the last four weeks
   * are used.
   */
  readonly days: readonly { readonly start: Instant; readonly usd: Usd }[];
  /** Net dollars from the start of the day of `through` to `through`. */
  readonly today: Usd;
  /** Where the data ends. */
  readonly through: Instant;
}

/** Four weeks: each weekday four times. */
export const LOOK_BACK_DAYS = 28;

/**
 * Net dollars expected between `through` and `end`, a UTC midnight; 0 once `through` has reached it, and never negative.
 * See `docs/forecast.md` for the method and its error.
 *
 * Undefined without a whole day of history.
 * @throws {RangeError} if the days are not consecutive up to the day of `through`, or `end` is not midnight.
 */
export function expectedSpend(history: SpendHistory, end: Instant): Usd | undefined {
  assertConsecutive(history, end);
  const { days, today, through } = history;
  if (days.length === 0) return undefined;
  if (end <= through) return 0n;
  const recent = days.slice(-LOOK_BACK_DAYS).map(({ usd }) => usd);
  const { usd, parts, partsOf } = typicalDay(recent);
  if (usd <= 0n) return 0n;

  const midnight = startOfDay(through) + DAY;
  let following = 0n;
  for (let start = midnight; start < end; start += DAY) {
    following += partsOf(recent.length + 1 + (start - midnight) / DAY);
  }
  // How spend is distributed over a day is unknown, so the rest of today is what is left of a typical day. A refund is not spent again.
  const restOfToday = usd * partsOf(recent.length) - (today > 0n ? today : 0n) * parts;
  return divideHalfEven((restOfToday > 0n ? restOfToday : 0n) + usd * following, parts);
}

function assertConsecutive({ days, through }: SpendHistory, end: Instant): void {
  if (startOfDay(end) !== end) throw new RangeError(`a period ends at midnight, not at ${end}`);
  const first = startOfDay(through) - days.length * DAY;
  const stray = days.find(({ start }, index) => start !== first + index * DAY);
  if (stray) throw new RangeError(`the day of ${stray.start} does not lead up to ${through}`);
}
