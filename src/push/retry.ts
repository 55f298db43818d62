import { HOUR, type Instant, instantOf, SECOND } from '../core/values/time.ts';
import { startDeadline } from '../net/deadline.ts';
import type { Refused, SendResult, Transport } from './transport.ts';

/** What sending patiently takes. */
export interface RetryPolicy {
  readonly transport: Pick<Transport, 'send'>;
  readonly now: () => Instant;
  /** Resolves once `now` has moved on by `ms`; ends early, rejecting or not, when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** At least 0 and less than 1. */
  readonly random: () => number;
  /** One request is sent again. */
  readonly retried: () => void;
  /** When the last request must have ended. */
  readonly until: Instant;
  /** Ends the waiting and a request in flight; none begins from then on. */
  readonly signal: AbortSignal;
}

/** The receiver did not take the body in time; it may be asked again later, at once where it said nothing else. */
export interface Exhausted extends Omit<Refused, 'kind'> {
  readonly kind: 'given up';
  readonly notBefore: Instant;
}

/** How a body ended, sent as often as its time allowed. */
export type SendOutcome = Exclude<SendResult, { readonly kind: 'again' }> | Exhausted;

/** Exponential, with jitter, as https://opentelemetry.io/docs/specs/otel/protocol/exporter/#retry asks. */
const FIRST_BACKOFF_MS = SECOND;
const LONGEST_BACKOFF_MS = 5 * SECOND;
const GROWTH = 1.5;
/** An absurd Retry-After, or a clock that was put back, silences nobody for longer. */
export const MAX_PAUSE_MS = HOUR;
/** So much earlier or later, lest a receiver that comes back meets all of its senders at once. */
const JITTER = 0.2;

/** Sends a body until it is taken or refused, or until the next repetition would come too late. */
export async function sendWithRetry(body: Uint8Array, patience: RetryPolicy): Promise<SendOutcome> {
  const { now, wait, until, signal } = patience;
  let result: SendResult = UNSENT;
  for (let repetitions = 0; now() < until && !signal.aborted; repetitions++) {
    if (repetitions > 0) patience.retried();
    result = await sendOnce(body, patience);
    if (result.kind !== 'again') return result;
    const asked = Math.max(0, instantOf((result.retryAfterMs ?? 0) / SECOND, now()) - now());
    const delay = Math.max(backoffMs(repetitions, patience.random()), asked);
    if (now() + delay >= until) return exhausted(result, now() + Math.min(asked, MAX_PAUSE_MS));
    await wait(delay, signal).catch(() => {});
  }
  return exhausted(result, now());
}

type Again = Extract<SendResult, { readonly kind: 'again' }>;

const UNSENT: Again = {
  kind: 'again',
  reason: 'timeout',
  message: 'not sent: the time of the push was over',
  retryAfterMs: undefined,
};

function exhausted({ reason, message }: Again, notBefore: Instant): Exhausted {
  return { kind: 'given up', reason, message, notBefore };
}

async function sendOnce(
  body: Uint8Array,
  { transport, now, until, signal }: RetryPolicy,
): Promise<SendResult> {
  const deadline = startDeadline(signal, until - now());
  try {
    return await transport.send(body, deadline.signal);
  } finally {
    deadline.end();
  }
}

function backoffMs(repetitions: number, random: number): number {
  const ms = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * GROWTH ** repetitions);
  return Math.round(ms * (1 + JITTER * (2 * random - 1)));
}
