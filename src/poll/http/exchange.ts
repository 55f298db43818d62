import { type Dispatcher, errors } from 'undici';
import { MINUTE } from '../../core/values/time.ts';
import { type Deadline, startDeadline, untilAborted } from '../../net/deadline.ts';
import { methodOf } from '../../providers/api/request.ts';
import type { Exchange } from './context.ts';
import { causeOf, faultOfHead, TIMED_OUT } from './faults.ts';
import {
  type AttemptResult,
  type Failed,
  failed,
  failureOf,
  type Head,
  type Received,
  receive,
} from './response.ts';
import { dateOf } from './server-clock.ts';
import { pathOf } from './url.ts';

/** Before the first and the second retry. */
const BACKOFF_MS = [250, 1000];
/** A server has reasons for one or two, such as 100 and 103. */
const MAX_INTERIM_ANSWERS = 16;
/** Long waits check the clock in between: timers stop while a machine sleeps. */
const MAX_SLEEP_MS = MINUTE;

/**
 * Sends the request as often as its faults allow, within the rate limit, and reads the whole answer.
 *
 * @throws {PollError} when that fails; the signal's reason when it aborts.
 */
export async function askUntilAnswered(exchange: Exchange): Promise<Received> {
  for (let sent = 1; ; sent++) {
    const number = await waitForRateLimit(exchange);
    if (sent > 1) exchange.events.retried();
    const attempt = await send(exchange, number);
    if (!('fault' in attempt)) return attempt;
    if (sent > attempt.fault.retries) throw attempt.failure;
    await pause(exchange, BACKOFF_MS[sent - 1] ?? 0);
  }
}

/**
 * Waits, with no request in flight, until the account may send a request, and counts it. First come, first served: if each answer
 * moves the reset, a feed that asks often would take every slot.
 */
async function waitForRateLimit(exchange: Exchange): Promise<number> {
  const release = await exchange.rateLimitTurn.acquire(exchange.signal);
  try {
    return await pollRateLimit(exchange);
  } finally {
    release();
  }
}

async function pollRateLimit(exchange: Exchange): Promise<number> {
  for (;;) {
    exchange.signal.throwIfAborted();
    const now = exchange.now();
    const openAt = exchange.rateLimiter.earliest(now);
    // Check and count in the same tick, or another feed could take the slot.
    if (openAt <= now) return exchange.rateLimiter.record(now);
    if (openAt - now > exchange.maxWaitMs) {
      const what = `was not sent: the provider asked for none before ${new Date(openAt).toISOString()}`;
      throw failureOf(exchange, 'rate_limited', what, { retryAt: openAt });
    }
    await pause(exchange, Math.min(openAt - now, MAX_SLEEP_MS));
  }
}

async function pause({ wait, signal }: Exchange, ms: number): Promise<void> {
  try {
    await wait(ms, signal);
  } finally {
    signal.throwIfAborted();
  }
}

async function send(exchange: Exchange, number: number): Promise<AttemptResult> {
  const headers = headersOf(exchange);
  const deadline = startDeadline(exchange.signal, exchange.timeoutMs);
  try {
    exchange.sending?.(exchange.now());
    const head = await headOf(exchange, headers, deadline, number);
    return 'fault' in head ? head : await receive(head, deadline);
  } finally {
    deadline.end();
  }
}

async function headOf(
  exchange: Exchange,
  headers: Record<string, string>,
  deadline: Deadline,
  number: number,
): Promise<Head | Failed> {
  const { connections, origin, request, basePath, events, provider, config } = exchange;
  const query = { ...provider.query?.(config), ...request.query };
  const method = methodOf(request);
  const { signal } = deadline;
  try {
    const answering = connections.dispatcher.request({
      origin,
      method,
      path: pathOf(basePath, { ...request, query }),
      headers,
      body: method === 'POST' ? JSON.stringify(request.preview) : null,
      signal,
      onInfo: limitInterimAnswers(),
    });
    const { statusCode: status, headers: received, body } = await untilAborted(signal, answering);
    events.answered(String(status), dateOf(received.date));
    return { exchange, number, status, headers: flat(received), body };
  } catch (error) {
    events.answered('');
    return failed(exchange, deadline.expired() ? TIMED_OUT : faultOfHead(error, connections.route()), error);
  }
}

/** Closes the connection after too many 1xx answers: undici would read on without end, ahead of everything else in the process. */
function limitInterimAnswers(): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count > MAX_INTERIM_ANSWERS) throw new errors.HeadersOverflowError('too many interim answers');
  };
}

function headersOf(exchange: Exchange): Record<string, string> {
  const { provider, config, request, keys } = exchange;
  const key = keyOf(exchange);
  keys.add(key);
  const own = {
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': 'ai-billing-exporter',
    ...(methodOf(request) === 'POST' && { 'content-type': 'application/json' }),
  };
  const named = [own, provider.headers(config, key), request.headers ?? {}].flatMap(Object.entries<string>);
  return Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), value]));
}

function keyOf(exchange: Exchange): string {
  try {
    return exchange.key();
  } catch (error) {
    throw failureOf(exchange, 'config', 'was not sent: the key cannot be read', { cause: causeOf(error) });
  }
}

function flat(headers: Dispatcher.ResponseData['headers']): Head['headers'] {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat().join(', ')]));
}
