import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Instant } from '../core/time.ts';
import { bytesWithoutKeys } from '../net/keys.ts';
import type { Ask, Provider, RateLimit, Request } from '../providers/provider.ts';
import type { BodyLimits } from './body.ts';
import { readAnswer } from './contract.ts';
import { PollError } from './errors.ts';
import { askUntilAnswered, type Exchange, type Line } from './exchange.ts';
import { createGate, LONGEST_WAIT_MS, type RequestMemory } from './gate.ts';
import { withoutKeys } from './redact.ts';
import { methodOf, targetOf, titleOf } from './target.ts';
import { createTurns } from './turns.ts';

/** What self-metrics and logs hear of. */
export interface HttpEvents {
  /** Once per request sent, those sent again included: `200`, `429`; `''` where no answer came. `date` is what the answer says of now. */
  answered(code: string, date?: Instant): void;
  /** One request is sent again after a fault. */
  retried(): void;
  /** After each answer that says it, and after every answer of a provider with a request budget. */
  rateLimit(limit: RateLimit): void;
}

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
  /** A longer wait fails the poll instead; a day when absent. */
  readonly longestWaitMs?: number;
  /** Keeps what was spent and what was told over a restart. */
  readonly memory?: RequestMemory;
  readonly limits?: BodyLimits;
  /** Resolves once `now` has moved on by `ms`; ends early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The connections and limits of one account. */
export interface HttpClient {
  /**
   * Asks on behalf of one poll. When `signal` aborts, a pending request rejects with its reason, not with a `PollError`.
   *
   * @param sending hears of each request just before it goes out, after all waiting: what an as-of is made of.
   */
  ask(signal: AbortSignal, sending?: (at: Instant) => void): Ask;
  /** The instant until which the account must not be asked; in the past: it may be. */
  notBefore(): Instant;
  /** How many requests may go out at once; Infinity where nobody counts. Feeds in no hurry stop well above zero. */
  budgetLeft(): number;
  /** Ends connections and whatever is still in flight. */
  close(): Promise<void>;
}

/** More than any provider has feeds: a hanging one never takes another's turn. */
export const CONCURRENT_REQUESTS = 8;

const DEFAULT_LIMITS: BodyLimits = { wireBytes: 64 * 2 ** 20, decodedBytes: 256 * 2 ** 20 };

/** Opens the way to an account's provider. Nothing is sent before the first request. */
export function createHttpClient(options: HttpOptions): HttpClient {
  const { provider, now } = options;
  const target = targetOf(options.baseUrl, provider.versionPrefix);
  const pool = openPool(target.origin, options.timeoutMs);
  const memory = options.memory && loud(options.memory);
  const gate = createGate({ now: now(), budget: provider.requestBudget, memory });
  const line: Line = {
    ...options,
    limits: options.limits ?? DEFAULT_LIMITS,
    longestWaitMs: options.longestWaitMs ?? LONGEST_WAIT_MS,
    wait: options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal })),
    pool,
    gate,
    basePath: target.basePath,
  };
  const takeTurn = createTurns(CONCURRENT_REQUESTS);
  return {
    ask: (signal, sending) => async (request) => {
      assertHarmless(request, provider);
      const endTurn = await takeTurn(signal);
      const exchange: Exchange = { ...line, request, signal, sending, keys: new Set() };
      try {
        const { headers, bytes } = await askUntilAnswered(exchange);
        const safe = bytesWithoutKeys(bytes, exchange.keys);
        return { headers, body: readAnswer(safe, request.schema, `answer of ${titleOf(request)}`) };
      } catch (error) {
        throw withoutKeys(error, exchange.keys);
      } finally {
        endTurn();
      }
    },
    notBefore: () => gate.earliest(now()),
    budgetLeft: () => gate.left(now()),
    close: () => pool.destroy(),
  };
}

/** The last line of defence of a promise: nothing is sent that could spend or change anything. */
function assertHarmless(request: Request<unknown>, { previews = [] }: Provider<unknown>): void {
  if (methodOf(request) === 'GET' || previews.includes(request.path)) return;
  throw new Error(`${titleOf(request)} is not one of the provider's previews`);
}

function openPool(origin: string, timeoutMs: number): Pool {
  return new Pool(origin, {
    connections: CONCURRENT_REQUESTS,
    // One protocol: how a cut answer or a reset shows is tested for HTTP/1.1.
    allowH2: false,
    // Else undici gives an attempt up after ten seconds of its own.
    connect: { timeout: timeoutMs },
    // One deadline covers connecting, head and body, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** A count that cannot be written is a failed poll: the request would be forgotten by the next start. */
function loud({ state, remember }: RequestMemory): RequestMemory {
  return {
    state,
    remember(next) {
      try {
        remember(next);
      } catch (cause) {
        throw new PollError('storage', 'the count of requests could not be written', { cause });
      }
    },
  };
}
