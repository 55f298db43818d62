import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Drift } from '../../core/statement/statement.ts';
import type { Instant } from '../../core/values/time.ts';
import { openConnections } from '../../net/connections.ts';
import { PollError } from '../../providers/api/errors.ts';
import type { Provider } from '../../providers/api/provider.ts';
import { type Ask, methodOf, type Request, titleOf } from '../../providers/api/request.ts';
import { takeAll } from '../../providers/api/steps.ts';
import { bytesWithoutKeys } from '../../runtime/secrets.ts';
import type { Body } from './body.ts';
import type { ClientContext, Exchange, HttpOptions } from './context.ts';
import { askUntilAnswered } from './exchange.ts';
import { ANSWER_LIMITS } from './limits.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { readAnswer } from './parse-response.ts';
import { createRateLimiter, type RequestMemory } from './rate-limiter.ts';
import { withoutKeys } from './redact.ts';
import { createSemaphore } from './semaphore.ts';
import { takeInSlices } from './slices.ts';
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
   * @param sending hears of each request just before it goes out, after all waiting: what an as-of is made of.
   * @param received hears of each answer before it is parsed; what it throws fails the request.
   */
  ask(signal: AbortSignal, sending?: (at: Instant) => void, received?: (size: AnswerSize) => void): Ask;
  /** The instant until which the account must not be asked; in the past: it may be. */
  notBefore(): Instant;
  /** How many requests may go out at once; Infinity where nobody counts. Feeds in no hurry stop well above zero. */
  budgetLeft(): number;
  /** Ends connections and whatever is still in flight. */
  close(): Promise<void>;
}

/** More than any provider has feeds: a hanging one never takes another's turn. */
export const CONCURRENT_REQUESTS = 8;

/** Many accounts may get an answer at the same moment: others have a turn of the event loop between two that take milliseconds. */
const takeReadTurn = createSemaphore(1);
const QUICKLY_READ_BYTES = 32 * 1024;

/** Opens the way to an account's provider. Nothing is sent before the first request. */
export function createHttpClient(options: HttpOptions): HttpClient {
  const { provider, now } = options;
  const target = targetOf(options.baseUrl, provider.versionPrefix);
  const connections = openConnections({
    origin: target.origin,
    connections: CONCURRENT_REQUESTS,
    connectTimeoutMs: options.timeoutMs,
  });
  const memory = options.memory && asStorageError(options.memory);
  const gate = createRateLimiter({ now: now(), budget: provider.requestBudget, memory });
  const line: ClientContext = {
    ...options,
    limits: options.limits ?? ANSWER_LIMITS,
    longestWaitMs: options.longestWaitMs ?? Number.POSITIVE_INFINITY,
    wait: options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal })),
    connections,
    origin: target.origin,
    gate,
    takeGate: createSemaphore(1),
    basePath: target.basePath,
  };
  const takeTurn = createSemaphore(CONCURRENT_REQUESTS);
  const roomFor = createMemoryBudget();
  return {
    ask: (signal, sending, arrived) => async (request) => {
      assertReadOnly(request, provider);
      const endTurn = await takeTurn(signal);
      const room = roomFor(signal);
      const exchange: Exchange = { ...line, request, signal, sending, room, keys: new Set() };
      try {
        const { headers, ...received } = await askUntilAnswered(exchange);
        arrived?.(sizeOf(received, exchange));
        return { headers, ...(await readInTurn(received.bytes, request, exchange)) };
      } catch (error) {
        throw withoutKeys(error, exchange.keys);
      } finally {
        room.leave();
        endTurn();
      }
    },
    notBefore: () => gate.earliest(now()),
    budgetLeft: () => gate.left(now()),
    close: () => connections.dispatcher.destroy(),
  };
}

type SentRequest = Pick<Exchange, 'signal' | 'keys'>;

async function readInTurn<Body>(bytes: Buffer, request: Request<Body>, sent: SentRequest) {
  if (bytes.length <= QUICKLY_READ_BYTES) return takeAll(readBytes(bytes, request, sent));
  const endTurn = await takeReadTurn(sent.signal);
  try {
    await setImmediate();
    return await takeInSlices(readBytes(bytes, request, sent));
  } finally {
    endTurn();
  }
}

function* readBytes<Body>(bytes: Buffer, request: Request<Body>, { keys }: SentRequest) {
  const drift: Drift[] = [];
  const safe = bytesWithoutKeys(bytes, keys);
  const body = yield* readAnswer(safe, request.schema, `answer of ${titleOf(request)}`, drift);
  return { body, drift };
}

function sizeOf({ bytes, values }: Body, { limits, request }: Exchange): AnswerSize {
  const most = request.maxValues ?? limits.json?.values ?? Number.POSITIVE_INFINITY;
  return { bytes: bytes.length, share: Math.max(bytes.length / limits.decodedBytes, values / most) };
}

/** The last line of defence of a promise: nothing is sent that could spend or change anything. */
function assertReadOnly(request: Request<unknown>, { previews = [] }: Provider<unknown>): void {
  if (methodOf(request) === 'GET' || previews.includes(request.path)) return;
  throw new Error(`${titleOf(request)} is not one of the provider's previews`);
}

/** A count that cannot be written is a failed poll: the request would be forgotten by the next start. */
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
