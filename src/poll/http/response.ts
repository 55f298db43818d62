import type { Readable } from 'node:stream';
import { type Instant, SECOND } from '../../core/values/time.ts';
import type { Deadline } from '../../net/deadline.ts';
import {
  type FailureReason,
  PollError,
  type PollErrorOptions,
  reasonOfStatus,
} from '../../providers/api/errors.ts';
import { titleOf } from '../../providers/api/request.ts';
import { type Body, type BodyLimits, readBody } from './body.ts';
import type { Exchange } from './context.ts';
import { causeOf, faultOfBody, TIMED_OUT, type TransportFault } from './faults.ts';
import { MAX_WAIT_MS, retryAtOf } from './retry-after.ts';

type Headers = Readonly<Record<string, string>>;

/** The head of an answer; its body is still on the way. */
export interface Head {
  readonly exchange: Exchange;
  /** Of its request: see {@link RateLimiter.record}. */
  readonly number: number;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
}

/** A complete answer with status 200, not yet parsed. */
export interface Received extends Body {
  readonly headers: Headers;
}

/** A request without a complete answer, which may be sent again as often as the fault allows. */
export interface Failed {
  readonly fault: TransportFault;
  readonly failure: PollError;
}

export type AttemptResult = Received | Failed;

const ERROR_BODY: BodyLimits = { wireBytes: 8192, decodedBytes: 8192 };

/**
 * Reads the body of an answer, and applies the rate limit that its head states.
 *
 * @throws {PollError} for any status other than 200, and for a body beyond a limit; the signal's reason when it aborts.
 */
export async function receive(head: Head, deadline: Deadline): Promise<AttemptResult> {
  const { exchange, status, headers } = head;
  if (status !== 200) throw await httpError(head);
  applyRateLimit(head);
  try {
    const beforeLarge = () => deadline.pauseFor(exchange.lease.acquire());
    return { headers, ...(await bodyOf(head, limitsOf(exchange), beforeLarge)) };
  } catch (error) {
    exchange.lease.release();
    if (error instanceof PollError) throw error;
    return failed(
      exchange,
      deadline.expired() ? TIMED_OUT : faultOfBody(error, exchange.connections.route()),
      error,
    );
  }
}

/** The failure that a fault becomes unless a retry helps. */
export function failed(exchange: Exchange, fault: TransportFault, error: unknown): Failed {
  exchange.signal.throwIfAborted();
  const { reason, what, advice } = fault;
  const options = { cause: causeOf(error), ...(advice !== undefined && { advice }) };
  return { fault, failure: failureOf(exchange, reason, what, options) };
}

export function failureOf(
  { request }: Exchange,
  reason: FailureReason,
  what: string,
  options: PollErrorOptions,
): PollError {
  return new PollError(reason, `${titleOf(request)} ${what}`, options);
}

function bodyOf(
  { exchange, headers, body }: Head,
  limits: BodyLimits,
  beforeLarge?: () => Promise<void>,
): Promise<Body> {
  const label = `answer of ${titleOf(exchange.request)}`;
  const encoding = headers['content-encoding'];
  return readBody(body, { encoding, limits, label, ...(beforeLarge && { beforeLarge }) });
}

function limitsOf({ limits, request: { maxValues } }: Exchange): BodyLimits {
  return limits.json && maxValues !== undefined
    ? { ...limits, json: { ...limits.json, values: maxValues } }
    : limits;
}

/** Reads only the body of a 429, for the wait it may name; no message quotes it. */
async function httpError(head: Head): Promise<PollError> {
  const { exchange, status, body } = head;
  let json: unknown;
  if (status === 429) json = await errorBodyOf(head);
  else body.on('error', () => {}).destroy();
  exchange.signal.throwIfAborted();
  const retryAt = applyRateLimit(head, json);
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  const known = retryAt === undefined ? { status } : { status, retryAt };
  return failureOf(exchange, reasonOfStatus(status), `answered ${status}${redirect}`, known);
}

async function errorBodyOf(head: Head): Promise<unknown> {
  try {
    return JSON.parse(String((await bodyOf(head, ERROR_BODY)).bytes));
  } catch {
    // The status says what matters.
    return undefined;
  }
}

/** Applies what an answer says about rate limits. Returns when the account may be asked again if the answer asks for a pause. */
function applyRateLimit({ exchange, number, status, headers }: Head, body?: unknown): Instant | undefined {
  const { provider, rateLimiter, events } = exchange;
  const now = exchange.now();
  const limit = provider.rateLimit(headers, now);
  rateLimiter.update(limit, now, number);
  const requested = retryAtOf({ status, headers, body, limit, now }, provider);
  const retryAt = requested === undefined ? undefined : Math.min(requested, now + MAX_WAIT_MS);
  if (retryAt !== undefined) rateLimiter.pauseUntil(retryAt, now);
  if (requested !== undefined && requested !== retryAt) events.waitCut((requested - now) / SECOND);
  if (provider.requestBudget) events.rateLimit({ ...limit, remaining: rateLimiter.remaining(now) });
  else if (limit.remaining !== undefined || limit.resetAt !== undefined) events.rateLimit(limit);
  return retryAt;
}
