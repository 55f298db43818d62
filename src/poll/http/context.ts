import type { Instant } from '../../core/values/time.ts';
import type { Connections } from '../../net/connections.ts';
import type { Provider, ProviderRateLimit } from '../../providers/api/provider.ts';
import type { Request } from '../../providers/api/request.ts';
import type { BodyLimits } from './body.ts';
import type { MemoryLease } from './memory-budget.ts';
import type { RateLimiter, RequestMemory } from './rate-limiter.ts';
import type { Semaphore } from './semaphore.ts';

export interface HttpOptions {
  readonly provider: Provider<unknown>;
  /** Its path is kept. */
  readonly baseUrl: string;
  /** The account's keys that only this provider has, parsed by its schema. */
  readonly config: unknown;
  /** Read anew for each request: secrets rotate. */
  readonly key: () => string;
  /** From the sending of one request to the last byte of its answer. */
  readonly timeoutMs: number;
  readonly events: HttpEvents;
  readonly now: () => Instant;
  /** A longer wait fails the poll instead; every wait is waited for when absent. */
  readonly longestWaitMs?: number;
  /** Keeps what was spent and what was told over a restart. */
  readonly memory?: RequestMemory;
  readonly limits?: BodyLimits;
  /** Resolves once `now` has moved on by `ms`; ends early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What self-metrics and logs hear of. */
export interface HttpEvents {
  /** Once per request sent, those sent again included: `200`, `429`; `''` where no answer came. `date` is what the answer says of now. */
  answered(code: string, date?: Instant): void;
  /** One request is sent again after a fault. */
  retried(): void;
  /** After each answer that says it, and after every answer of a provider with a request budget. */
  rateLimit(limit: ProviderRateLimit): void;
  /** An answer asked for a pause of so many seconds; the account is asked again after an hour. */
  waitCut(seconds: number): void;
}

/** What all requests of an account share. */
export interface ClientContext extends Required<Omit<HttpOptions, 'memory' | 'baseUrl'>> {
  readonly connections: Connections;
  readonly origin: string;
  readonly gate: RateLimiter;
  /** Lets one request at a time wait at the gate, in the order they came. */
  readonly takeGate: Semaphore;
  readonly basePath: string;
}

/** One request of a feed, from the first waiting to the last byte. */
export interface Exchange extends ClientContext {
  readonly request: Request<unknown>;
  readonly signal: AbortSignal;
  readonly sending: ((at: Instant) => void) | undefined;
  /** For a large body. */
  readonly room: MemoryLease;
  /** The keys that were sent, to be kept out of errors. */
  readonly keys: Set<string>;
}
