import { divideHalfEven, type Usd } from '../values/money.ts';
import { DAY, type Instant, startOfDay } from '../values/time.ts';
import { typicalDay } from './typical-day.ts';

/** What is known of a spend, day by day. */
export interface SpendHistory {
  /**
   * Net dollars of whole UTC days read without a hole, oldest first, consecutive; the last one ends where the day that holds
   * `through` begins. May be empty; of more than four weeks the latest four are used.
   */
  readonly days: readonly { readonly start: Instant; readonly usd: Usd }[];
  /** Net dollars between the start of the day that holds `through`, and `through`. */
  readonly today: Usd;
  /** How far the data reaches. */
  readonly through: Instant;
}

/** Four of each weekday. */
export const LOOK_BACK_DAYS = 28;

/**
 * Net dollars expected between `through` and `end`, a UTC midnight; 0 once `through` has reached it, and never negative.
 * `docs/forecast.md` has the method and its error.
 *
 * Undefined without a whole day of history.
 * @throws {RangeError} when the days are not consecutive up to the day of `through`, or `end` is not at midnight.
 */
export function expectedSpend(history: SpendHistory, end: Instant): Usd | undefined {
  assertWhole(history, end);
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
  // The shape of a day is not known: what is left of it is what its usual amount leaves. A refund is not spent again.
  const restOfToday = usd * partsOf(recent.length) - (today > 0n ? today : 0n) * parts;
  return divideHalfEven((restOfToday > 0n ? restOfToday : 0n) + usd * following, parts);
}

function assertWhole({ days, through }: SpendHistory, end: Instant): void {
  if (startOfDay(end) !== end) throw new RangeError(`a period ends at midnight, not at ${end}`);
  const first = startOfDay(through) - days.length * DAY;
  const stray = days.find(({ start }, index) => start !== first + index * DAY);
  if (stray) throw new RangeError(`the day of ${stray.start} does not lead up to ${through}`);
}
