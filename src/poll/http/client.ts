import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Drift } from '../../core/statement/statement.ts';
import type { Instant } from '../../core/values/time.ts';
import { openConnections } from '../../net/connections.ts';
import { PollError } from '../../providers/api/errors.ts';
import type { Provider } from '../../providers/api/provider.ts';
import { type Ask, methodOf, type Request, titleOf } from '../../providers/api/request.ts';
import { takeAll } from '../../providers/api/steps.ts';
import { bytesWithoutKeys } from '../../runtime/secrets.ts';
import { takeInSlices } from '../../runtime/slices.ts';
import type { Body } from './body.ts';
import type { ClientContext, Exchange, HttpOptions } from './context.ts';
import { askUntilAnswered } from './exchange.ts';
import { ANSWER_LIMITS } from './limits.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { readAnswer } from './parse-response.ts';
import { RateLimiter, type RequestMemory } from './rate-limiter.ts';
import { redactKeys } from './redact.ts';
import { Semaphore } from './semaphore.ts';
import { targetOf } from './url.ts';

/** How large an answer is. */
export interface AnswerSize {
  readonly bytes: number;
  /** Its part of what a single answer to this request may be, from 0 to 1. */
  readonly share: number;
}

/** The connections and limits of one account. */
export interface HttpClient {
  /**
   * Asks on behalf of one poll. When `signal` aborts, a pending request rejects with its reason, not with a `PollError`.
   *
   * @param sending called just before each request is sent, after all waits; an as-of is made of it.
   * @param received called for each answer before it is parsed; what it throws fails the request.
   */
  ask(signal: AbortSignal, sending?: (at: Instant) => void, received?: (size: AnswerSize) => void): Ask;
  /** No request may be sent before this instant. */
  notBefore(): Instant;
  /** How many requests may be sent at once; Infinity without a limit. Feeds that can wait stop well above zero. */
  budgetLeft(): number;
  /** Closes the connections and aborts requests in flight. */
  close(): Promise<void>;
}

/** More than the feeds of any provider: one that hangs never blocks another. */
export const CONCURRENT_REQUESTS = 8;

/** Many accounts may get an answer at the same moment: the event loop runs between two answers that take milliseconds to parse. */
const parsing = new Semaphore(1);
const MAX_QUICK_BYTES = 32 * 1024;

/** Opens the client of an account. It connects at the first request. */
export function createHttpClient(options: HttpOptions): HttpClient {
  const { provider, now } = options;
  const target = targetOf(options.baseUrl, provider.versionPrefix);
  const connections = openConnections({
    origin: target.origin,
    connections: CONCURRENT_REQUESTS,
    connectTimeoutMs: options.timeoutMs,
  });
  const memory = options.memory && asStorageError(options.memory);
  const rateLimiter = new RateLimiter({ now: now(), budget: provider.requestBudget, memory });
  const context: ClientContext = {
    ...options,
    ...target,
    limits: options.limits ?? ANSWER_LIMITS,
    maxWaitMs: options.maxWaitMs ?? Number.POSITIVE_INFINITY,
    wait: options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal })),
    connections,
    rateLimiter,
    rateLimitTurn: new Semaphore(1),
  };
  const slots = new Semaphore(CONCURRENT_REQUESTS);
  const leaseMemory = createMemoryBudget();
  return {
    ask: (signal, sending, received) => async (request) => {
      assertReadOnly(request, provider);
      const release = await slots.acquire(signal);
      const lease = leaseMemory(signal);
      const exchange: Exchange = { ...context, request, signal, sending, lease, keys: new Set() };
      try {
        const { headers, ...body } = await askUntilAnswered(exchange);
        received?.(sizeOf(body, exchange));
        return { headers, ...(await readInTurn(body.bytes, request, exchange)) };
      } catch (error) {
        throw redactKeys(error, exchange.keys);
      } finally {
        lease.release();
        release();
      }
    },
    notBefore: () => rateLimiter.earliest(now()),
    budgetLeft: () => rateLimiter.remaining(now()),
    close: () => connections.dispatcher.destroy(),
  };
}

type SentRequest = Pick<Exchange, 'signal' | 'keys'>;

async function readInTurn<Body>(bytes: Buffer, request: Request<Body>, sent: SentRequest) {
  if (bytes.length <= MAX_QUICK_BYTES) return takeAll(readBytes(bytes, request, sent));
  const release = await parsing.acquire(sent.signal);
  try {
    await setImmediate();
    return await takeInSlices(readBytes(bytes, request, sent));
  } finally {
    release();
  }
}

function* readBytes<Body>(bytes: Buffer, request: Request<Body>, { keys }: SentRequest) {
  const drift: Drift[] = [];
  const safe = bytesWithoutKeys(bytes, keys);
  const body = yield* readAnswer(safe, request.schema, `answer of ${titleOf(request)}`, drift);
  return { body, drift };
}

function sizeOf({ bytes, values }: Body, { limits, request }: Exchange): AnswerSize {
  const maxValues = request.maxValues ?? limits.json?.values ?? Number.POSITIVE_INFINITY;
  return { bytes: bytes.length, share: Math.max(bytes.length / limits.decodedBytes, values / maxValues) };
}

/** The last line of defense: nothing is sent that could cost or change anything. */
function assertReadOnly(request: Request<unknown>, { previews = [] }: Provider<unknown>): void {
  if (methodOf(request) === 'GET' || previews.includes(request.path)) return;
  throw new Error(`${titleOf(request)} is not one of the provider's previews`);
}

/** A count that cannot be stored fails the poll: the next start would not know of the request. */
function asStorageError({ state, remember }: RequestMemory): RequestMemory {
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
