import { DAY, type Instant } from '../../core/values/time.ts';

/** The providers' clocks may be wrong by this much: what depends on them is not urgent. */
const MAX_AHEAD_MS = DAY;

/** Compares the clock with those of the providers. */
export class ServerClock {
  readonly #elapsed: () => number;
  #last: { readonly date: Instant | undefined; readonly at: number } | undefined;

  /** @param elapsed a monotonic count of milliseconds. */
  constructor(elapsed = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Records the date of an answer, if it has one. */
  answered(date: Instant | undefined): void {
    this.#last = { date, at: this.#elapsed() };
  }

  /** Whether `now` is safe for irreversible work: an answer came, and the last one is at most a day behind. */
  confirms(now: Instant): boolean {
    if (!this.#last) return false;
    const { date, at } = this.#last;
    return date === undefined || now - (date + this.#elapsed() - at) <= MAX_AHEAD_MS;
  }
}

/** The `Date` of an answer: https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 */
export function dateOf(header: string | string[] | undefined): Instant | undefined {
  const at = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
