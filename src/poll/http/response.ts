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
  /** Of its request: see {@link Gate.spend}. */
  readonly number: number;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
}

/** A whole answer with status 200, not yet looked into. */
export interface Received extends Body {
  readonly headers: Headers;
}

/** A request without a whole answer, which may be sent again as often as the fault allows. */
export interface Failed {
  readonly fault: TransportFault;
  readonly failure: PollError;
}

export type AttemptResult = Received | Failed;

const ERROR_BODY: BodyLimits = { wireBytes: 8192, decodedBytes: 8192 };

/**
 * Reads an answer whose head is there, and learns from it when the account may be asked again.
 *
 * @throws {PollError} for any status but 200, and for a body that breaks a limit; the signal's reason when it aborts.
 */
export async function receive(head: Head, deadline: Deadline): Promise<AttemptResult> {
  const { exchange, status, headers } = head;
  if (status !== 200) throw await httpError(head);
  applyRateLimit(head);
  try {
    const beforeLarge = () => deadline.pauseFor(exchange.room.enter());
    return { headers, ...(await bodyOf(head, limitsOf(exchange), beforeLarge)) };
  } catch (error) {
    exchange.room.leave();
    if (error instanceof PollError) throw error;
    return failed(exchange, deadline.expired() ? TIMED_OUT : faultOfBody(error), error);
  }
}

/** The failure that a fault becomes unless another try helps. */
export function failed(exchange: Exchange, fault: TransportFault, error: unknown): Failed {
  exchange.signal.throwIfAborted();
  return { fault, failure: failureOf(exchange, fault.reason, fault.what, { cause: causeOf(error) }) };
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

/** Only a 429's body is read, for the wait it may name; nothing of it is told. */
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
    // The status has told already what matters.
    return undefined;
  }
}

/** Learns from an answer when the account may be asked again; the instant where the answer asks for a pause. */
function applyRateLimit({ exchange, number, status, headers }: Head, body?: unknown): Instant | undefined {
  const { provider, gate, events } = exchange;
  const now = exchange.now();
  const limit = provider.rateLimit(headers, now);
  gate.learn(limit, now, number);
  const told = retryAtOf({ status, headers, body, limit, now }, provider);
  const retryAt = told === undefined ? undefined : Math.min(told, now + MAX_WAIT_MS);
  if (retryAt !== undefined) gate.close(retryAt, now);
  if (told !== undefined && told !== retryAt) events.waitCut((told - now) / SECOND);
  if (provider.requestBudget) events.rateLimit({ ...limit, remaining: gate.left(now) });
  else if (limit.remaining !== undefined || limit.resetAt !== undefined) events.rateLimit(limit);
  return retryAt;
}
