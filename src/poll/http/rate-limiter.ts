import { z } from 'zod';
import { type Instant, SECOND } from '../../core/values/time.ts';
import type { ProviderRateLimit } from '../../providers/api/provider.ts';
import { MAX_WAIT_MS } from './retry-after.ts';

/** What must survive a restart, so that no limit is overrun by restarting. Plain JSON. */
export const RequestState = z.object({
  /** Not before this instant may the account be asked. */
  notBefore: z.number(),
  /** When the requests that still count against the provider's request budget were sent. Empty where there is none. */
  spent: z.array(z.number()),
});
export type RequestState = z.infer<typeof RequestState>;

/** Where the state of an account is kept. */
export interface RequestMemory {
  /** What was remembered last, or undefined of a new account. */
  readonly state: RequestState | undefined;
  /** Called before a request that counts goes out, so synchronous and durable; and after an answer that asks for a pause. */
  remember(state: RequestState): void;
}

export interface RateLimiterOptions {
  readonly now: Instant;
  readonly budget: { readonly requests: number; readonly perMs: number } | undefined;
  readonly memory: RequestMemory | undefined;
}

/** Says when an account may be asked. Time is passed in; where it goes back, so do the ends of all waits: none gets longer. */
export interface RateLimiter {
  /** When the next request may go out; in the past: at once. */
  earliest(now: Instant): Instant;
  /** How many requests may go out at once; Infinity where nobody counts. */
  left(now: Instant): number;
  /** Takes note of a request that is about to go out. Returns its number. */
  spend(now: Instant): number;
  /** Takes note of what the answer to a request says of the provider's own count. */
  learn(limit: ProviderRateLimit, now: Instant, request: number): void;
  /** Closes the gate until an instant, for an hour at most. Never shortens a longer wait. */
  close(until: Instant, now: Instant): void;
}

/** Requests do not all travel equally fast, and the provider counts when they arrive. */
const TRAVEL_MS = SECOND;

/**
 * Keeps an account within every limit known: the waits it was told, what the provider's headers leave, and the request
 * budget, of which no window of `perMs`, wherever it starts, holds more than `requests`.
 */
export function createRateLimiter({ now, budget, memory }: RateLimiterOptions): RateLimiter {
  const before = memory?.state;
  // No wait is longer than an hour: where more is left of one, the clock ran ahead.
  let notBefore = before && before.notBefore - now <= MAX_WAIT_MS ? before.notBefore : 0;
  const own = createWindow(budget, before?.spent ?? []);
  const told = createCountdown();
  const remember = () => memory?.remember({ notBefore, spent: own.spent() });
  let seenAt = now;
  const follow = (now: Instant) => {
    const byMs = Math.max(0, seenAt - now);
    seenAt = now;
    if (byMs === 0) return;
    notBefore -= byMs;
    own.setBack(byMs);
    told.setBack(byMs);
  };

  return {
    earliest(now) {
      follow(now);
      return Math.max(notBefore, own.earliest(now), told.earliest(now));
    },
    left(now) {
      follow(now);
      return notBefore > now ? 0 : Math.min(own.left(now), told.left(now));
    },
    spend(now) {
      follow(now);
      own.spend(now);
      if (budget) remember();
      return told.spend();
    },
    learn(limit, now, request) {
      follow(now);
      told.learn(limit, now, request);
    },
    close(until, now) {
      follow(now);
      const end = Math.min(until, now + MAX_WAIT_MS);
      if (end <= notBefore) return;
      notBefore = end;
      remember();
    },
  };
}

/** Our own count: a sliding window, which is right wherever the provider's window starts. */
function createWindow(budget: RateLimiterOptions['budget'], before: readonly Instant[]) {
  const { requests, perMs } = budget ?? { requests: Number.POSITIVE_INFINITY, perMs: 0 };
  const windowMs = perMs + TRAVEL_MS;
  let spent = [...before];
  // The clock may have been set back between two processes: requests of the "future" count for a window from now.
  const counted = (now: Instant) => spent.map((at) => Math.min(at, now)).filter((at) => at > now - windowMs);

  return {
    spent: () => [...spent],
    setBack(byMs: number): void {
      spent = spent.map((at) => at - byMs);
    },
    left: (now: Instant) => Math.max(0, requests - counted(now).length),
    earliest(now: Instant): Instant {
      const blocking = counted(now).at(-requests);
      return counted(now).length < requests || blocking === undefined ? 0 : blocking + windowMs;
    },
    spend(now: Instant): void {
      spent = budget ? [...counted(now), now] : [];
    },
  };
}

/**
 * The provider's count, which knows of other users of the key too. The answer to the newest request holds: answers may overtake each
 * other, and what it says cannot include the requests sent since.
 */
function createCountdown() {
  let sent = 0;
  let told = { request: 0, remaining: Number.POSITIVE_INFINITY, resetAt: 0 };
  const left = (now: Instant) =>
    told.resetAt <= now ? Number.POSITIVE_INFINITY : Math.max(0, told.remaining - (sent - told.request));

  return {
    left,
    setBack(byMs: number): void {
      told = { ...told, resetAt: told.resetAt - byMs };
    },
    earliest: (now: Instant): Instant => (left(now) > 0 ? 0 : told.resetAt),
    spend: () => ++sent,
    learn({ remaining, resetAt }: ProviderRateLimit, now: Instant, request: number): void {
      if (remaining === undefined || resetAt === undefined || !(resetAt > now)) return;
      if (request < told.request && told.resetAt > now) return;
      told = { request, remaining, resetAt: Math.min(resetAt, now + MAX_WAIT_MS) };
    },
  };
}
