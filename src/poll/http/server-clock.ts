import { DAY, type Instant } from '../../core/values/time.ts';

/** What the providers' clocks say of ours. */
export interface ServerClock {
  /** An answer came; undefined where it does not say when. */
  answered(date: Instant | undefined): void;
  /** Whether `now` can be acted upon for good: some answer came, and the last one is not from a day before. */
  confirms(now: Instant): boolean;
}

/** Ours may be right and theirs wrong by this much: what waits for them is in no hurry. */
const MOST_AHEAD_MS = DAY;

/** @param elapsed counts milliseconds, whatever is done to the clock. */
export function createServerClock(elapsed: () => number = () => performance.now()): ServerClock {
  let last: { readonly date: Instant | undefined; readonly at: number } | undefined;
  return {
    answered(date) {
      last = { date, at: elapsed() };
    },
    confirms(now) {
      if (!last) return false;
      return last.date === undefined || now - (last.date + elapsed() - last.at) <= MOST_AHEAD_MS;
    },
  };
}

/** The `Date` of an answer: https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 */
export function dateOf(header: string | string[] | undefined): Instant | undefined {
  const at = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
