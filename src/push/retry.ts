import { HOUR, type Instant, instantOf, SECOND } from '../core/values/time.ts';
import { startDeadline } from '../net/deadline.ts';
import type { Retryable, SendResult, Transport } from './transport.ts';

/** When and how often to try again. */
export interface RetryTiming {
  readonly now: () => Instant;
  /** Resolves once `now` has advanced by `ms`; ends early, rejecting or not, when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** At least 0 and less than 1. */
  readonly random: () => number;
  /** Called before each retry. */
  readonly retried: () => void;
  /** When the last request must have ended. */
  readonly until: Instant;
  /** Ends waits and the request in flight; no request is sent after that. */
  readonly signal: AbortSignal;
}

/** How to send a body with retries. */
export interface RetryPolicy extends RetryTiming {
  readonly transport: Pick<Transport, 'send'>;
}

/** The receiver did not accept the body in time. */
export interface Exhausted extends Pick<Retryable, 'reason' | 'message'> {
  readonly kind: 'exhausted';
  /** When the receiver may be sent the next request; the time of the failure if it named no pause. */
  readonly notBefore: Instant;
}

/** How a body ended after all retries. */
export type SendOutcome = Exclude<SendResult, Retryable> | Exhausted;

/** Exponential, with jitter, as https://opentelemetry.io/docs/specs/otel/protocol/exporter/#retry asks. */
const MIN_BACKOFF_MS = SECOND;
const MAX_BACKOFF_MS = 5 * SECOND;
const BACKOFF_FACTOR = 1.5;
/** No pause is longer, because of an absurd Retry-After or a clock that was set back. */
export const MAX_PAUSE_MS = HOUR;
/** Spreads retries, so that a receiver that recovers does not get all of them at once. */
const JITTER = 0.2;

/** Sends a body until it is accepted or refused, or until the next retry would come too late. */
export function sendWithRetry(body: Uint8Array, policy: RetryPolicy): Promise<SendOutcome> {
  return retry((signal) => policy.transport.send(body, signal), policy);
}

/** Repeats `attempt` until its result is final, or until the next retry would come too late. */
export async function retry<Final extends { readonly kind: string }>(
  attempt: (signal: AbortSignal) => Promise<Final | Retryable>,
  timing: RetryTiming,
): Promise<Final | Exhausted> {
  const { now, wait, until, signal } = timing;
  let result: Retryable = UNSENT;
  for (let retries = 0; now() < until && !signal.aborted; retries++) {
    if (retries > 0) timing.retried();
    const sent = await attemptInTime(attempt, timing);
    if (!isRetryable(sent)) return sent;
    result = sent;
    const asked = Math.max(0, instantOf((result.retryAfterMs ?? 0) / SECOND, now()) - now());
    const delay = Math.max(backoffMs(retries, timing.random()), asked);
    if (now() + delay >= until) return exhausted(result, now() + Math.min(asked, MAX_PAUSE_MS));
    await wait(delay, signal).catch(() => {});
  }
  return exhausted(result, now());
}

function isRetryable(result: { readonly kind: string }): result is Retryable {
  return result.kind === 'retryable';
}

const UNSENT: Retryable = {
  kind: 'retryable',
  reason: 'timeout',
  message: 'not sent: the push ran out of time',
  retryAfterMs: undefined,
};

function exhausted({ reason, message }: Retryable, notBefore: Instant): Exhausted {
  return { kind: 'exhausted', reason, message, notBefore };
}

async function attemptInTime<Result>(
  attempt: (signal: AbortSignal) => Promise<Result>,
  { now, until, signal }: RetryTiming,
): Promise<Result> {
  const deadline = startDeadline(signal, until - now());
  try {
    return await attempt(deadline.signal);
  } finally {
    deadline.end();
  }
}

function backoffMs(retries: number, random: number): number {
  const ms = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * BACKOFF_FACTOR ** retries);
  return Math.round(ms * (1 + JITTER * (2 * random - 1)));
}
