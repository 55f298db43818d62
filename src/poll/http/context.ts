import type { Instant } from '../../core/values/time.ts';
import type { Connections } from '../../net/connections.ts';
import type { PolledAccount } from '../../providers/api/account.ts';
import type { ProviderRateLimit } from '../../providers/api/provider.ts';
import type { Request } from '../../providers/api/request.ts';
import type { BodyLimits } from './body.ts';
import type { MemoryLease } from './memory-budget.ts';
import type { RateLimiter, RequestMemory } from './rate-limiter.ts';
import type { Semaphore } from './semaphore.ts';
import type { RequestTarget } from './url.ts';

export interface HttpOptions extends Omit<PolledAccount, 'name' | 'since' | 'schedule'> {
  readonly events: HttpEvents;
  readonly now: () => Instant;
  /** A longer wait fails the poll instead; no wait does when absent. */
  readonly maxWaitMs?: number;
  /** Keeps the request count and pauses over a restart. */
  readonly memory?: RequestMemory;
  readonly limits?: BodyLimits;
  /** Resolves once `now` has moved on by `ms`; ends early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Events for self-metrics and logs. */
export interface HttpEvents {
  /** Once per request sent, retries included: `200`, `429`; `''` without an answer. `date` is the answer's `Date`. */
  answered(code: string, date?: Instant): void;
  /** One request is sent again after a fault. */
  retried(): void;
  /** After each answer that states it, and after every answer of a provider with a request budget. */
  rateLimit(limit: ProviderRateLimit): void;
  /** An answer asked for a pause of `seconds`; the account is asked again after an hour. */
  waitCut(seconds: number): void;
}

/** What all requests of an account share. */
export interface ClientContext extends Required<Omit<HttpOptions, 'memory' | 'baseUrl'>>, RequestTarget {
  readonly connections: Connections;
  readonly rateLimiter: RateLimiter;
  /** Lets one request at a time wait for the rate limiter, in order. */
  readonly rateLimitTurn: Semaphore;
}

/** One request of a feed, from its first wait to the last byte. */
export interface Exchange extends ClientContext {
  readonly request: Request<unknown>;
  readonly signal: AbortSignal;
  readonly sending: ((at: Instant) => void) | undefined;
  /** For a large body. */
  readonly lease: MemoryLease;
  /** The keys that were sent, for redaction in errors. */
  readonly keys: Set<string>;
}
