import { DAY, type Instant } from '../../core/values/time.ts';

/** Compares the clock with those of the providers. */
export interface ServerClock {
  /** Records the date of an answer, if it has one. */
  answered(date: Instant | undefined): void;
  /** Whether `now` is safe for irreversible work: an answer came, and the last one is at most a day behind. */
  confirms(now: Instant): boolean;
}

/** The providers' clocks may be wrong by this much: what depends on them is not urgent. */
const MAX_AHEAD_MS = DAY;

/** @param elapsed a monotonic count of milliseconds. */
export function createServerClock(elapsed: () => number = () => performance.now()): ServerClock {
  let last: { readonly date: Instant | undefined; readonly at: number } | undefined;
  return {
    answered(date) {
      last = { date, at: elapsed() };
    },
    confirms(now) {
      if (!last) return false;
      return last.date === undefined || now - (last.date + elapsed() - last.at) <= MAX_AHEAD_MS;
    },
  };
}

/** The `Date` of an answer: https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 */
export function dateOf(header: string | string[] | undefined): Instant | undefined {
  const at = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
