import { z } from 'zod';
import { type Instant, SECOND } from '../../core/values/time.ts';
import type { ProviderRateLimit } from '../../providers/api/provider.ts';
import { MAX_WAIT_MS } from './retry-after.ts';

/** What must survive a restart, so that restarting never exceeds a limit. Plain JSON. */
export const RequestState = z.object({
  /** No request may be sent before this instant. */
  notBefore: z.number(),
  /** When the requests that still count against the provider's request budget were sent. Empty without a budget. */
  spent: z.array(z.number()),
});
export type RequestState = z.infer<typeof RequestState>;

/** Where the state of an account is kept. */
export interface RequestMemory {
  /** The last state that was stored; undefined for a new account. */
  readonly state: RequestState | undefined;
  /** Called before a counted request is sent, so synchronous and durable; and after an answer that asks for a pause. */
  remember(state: RequestState): void;
}

export interface RateLimiterOptions {
  readonly now: Instant;
  readonly budget: { readonly requests: number; readonly perMs: number } | undefined;
  readonly memory: RequestMemory | undefined;
}

/** Requests do not all travel equally fast, and the provider counts when they arrive. */
const TRAVEL_MS = SECOND;

/**
 * Keeps an account within every known limit: the pauses that answers ask for, what the provider's headers leave, and the request
 * budget, of which no window of `perMs`, wherever it starts, holds more than `requests`.
 *
 * Time is passed in. If the clock is set back, all waits end as much earlier, so that none gets longer: internally all instants are
 * of a clock that never goes back.
 */
export class RateLimiter {
  readonly #memory: RequestMemory | undefined;
  readonly #window: SlidingWindow | undefined;
  readonly #countdown = new ProviderCountdown();
  #notBefore: Instant;
  #lastSeen: Instant;
  /** How far the clock has been set back in total. */
  #setBackMs = 0;

  constructor({ now, budget, memory }: RateLimiterOptions) {
    const { notBefore = 0, spent = [] } = memory?.state ?? {};
    this.#memory = memory;
    this.#window = budget && new SlidingWindow(budget, spent);
    // No wait is longer than an hour: if more remains of one, the clock was ahead.
    this.#notBefore = notBefore - now <= MAX_WAIT_MS ? notBefore : 0;
    this.#lastSeen = now;
  }

  /** When the next request may be sent: at once if that is in the past. */
  earliest(now: Instant): Instant {
    const at = this.#monotonic(now);
    const earliest = Math.max(this.#notBefore, this.#window?.earliest(at) ?? 0, this.#countdown.earliest(at));
    return earliest - this.#setBackMs;
  }

  /** How many requests may be sent at once; Infinity without a limit. */
  remaining(now: Instant): number {
    const at = this.#monotonic(now);
    if (this.#notBefore > at) return 0;
    return Math.min(this.#window?.remaining(at) ?? Number.POSITIVE_INFINITY, this.#countdown.remaining(at));
  }

  /** Counts a request that is about to be sent, and returns its number. */
  record(now: Instant): number {
    this.#window?.record(this.#monotonic(now));
    if (this.#window) this.#store();
    return this.#countdown.record();
  }

  /** Applies what the answer to a request says about the provider's own count. */
  update({ remaining, resetAt }: ProviderRateLimit, now: Instant, request: number): void {
    const at = this.#monotonic(now);
    if (remaining === undefined || resetAt === undefined || !(resetAt > now)) return;
    this.#countdown.update({ request, remaining, resetAt: at + Math.min(resetAt - now, MAX_WAIT_MS) }, at);
  }

  /** Pauses until an instant, for at most an hour. Never shortens a longer pause. */
  pauseUntil(until: Instant, now: Instant): void {
    const end = this.#monotonic(now) + Math.min(until - now, MAX_WAIT_MS);
    if (end <= this.#notBefore) return;
    this.#notBefore = end;
    this.#store();
  }

  #monotonic(now: Instant): Instant {
    this.#setBackMs += Math.max(0, this.#lastSeen - now);
    this.#lastSeen = now;
    return now + this.#setBackMs;
  }

  #store(): void {
    const spent = this.#window?.sentAt.map((at) => at - this.#setBackMs) ?? [];
    this.#memory?.remember({ notBefore: this.#notBefore - this.#setBackMs, spent });
  }
}

/** The exporter's own count: a sliding window, which is right wherever the provider's window starts. */
class SlidingWindow {
  readonly #requests: number;
  readonly #windowMs: number;
  sentAt: readonly Instant[];

  constructor({ requests, perMs }: NonNullable<RateLimiterOptions['budget']>, sentAt: readonly Instant[]) {
    this.#requests = requests;
    this.#windowMs = perMs + TRAVEL_MS;
    this.sentAt = sentAt;
  }

  remaining(now: Instant): number {
    return Math.max(0, this.#requests - this.#inWindow(now).length);
  }

  earliest(now: Instant): Instant {
    const sentAt = this.#inWindow(now);
    const blocking = sentAt.at(-this.#requests);
    return sentAt.length < this.#requests || blocking === undefined ? 0 : blocking + this.#windowMs;
  }

  record(now: Instant): void {
    this.sentAt = [...this.#inWindow(now), now];
  }

  /** The clock may have been set back between two processes: requests of the "future" count for a window from now. */
  #inWindow(now: Instant): Instant[] {
    return this.sentAt.map((at) => Math.min(at, now)).filter((at) => at > now - this.#windowMs);
  }
}

/** What an answer says about the provider's count, and the number of its request. */
interface ReportedLimit extends Required<ProviderRateLimit> {
  readonly request: number;
}

/**
 * The provider's count, which includes other users of the key. The answer to the newest request applies: answers may overtake each
 * other, and none can include the requests sent since.
 */
class ProviderCountdown {
  #sent = 0;
  #limit: ReportedLimit = { request: 0, remaining: Number.POSITIVE_INFINITY, resetAt: 0 };

  remaining(now: Instant): number {
    const { request, remaining, resetAt } = this.#limit;
    return resetAt <= now ? Number.POSITIVE_INFINITY : Math.max(0, remaining - (this.#sent - request));
  }

  earliest(now: Instant): Instant {
    return this.remaining(now) > 0 ? 0 : this.#limit.resetAt;
  }

  record(): number {
    this.#sent += 1;
    return this.#sent;
  }

  update(limit: ReportedLimit, now: Instant): void {
    if (limit.request >= this.#limit.request || this.#limit.resetAt <= now) this.#limit = limit;
  }
}
