import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Instant } from '../core/values/time.ts';
import { type RetryPolicy, type SendOutcome, sendWithRetry } from './retry.ts';
import { countPoints, type EncodedBatch, type EncodedPoint, type Encoding, encodedBatches } from './split.ts';
import type { PushFailure, Refused } from './transport.ts';

/** Events for self-metrics, logs and producers. */
export interface PushEvents {
  /** The receiver accepted these points, the identical objects: they must not be sent again. */
  accepted(points: readonly EncodedPoint[]): void;
  /** `count` points were not delivered. */
  lost(count: number, reason: PushFailure): void;
  /** One request is sent again after a fault. */
  retried(): void;
  /** Every batch was answered and some points were accepted: what was refused would be refused again. */
  carried(): void;
  /** Once per push, after all its other events. */
  ended(end: PushEnd): void;
}

/** How a push ended. */
export interface PushEnd {
  /** Whether every point was delivered. */
  readonly ok: boolean;
  readonly at: Instant;
  readonly seconds: number;
  /** Points. */
  readonly accepted: number;
  /** Points. */
  readonly lost: number;
  /** Of the last loss. */
  readonly reason?: PushFailure;
  /** Of the last loss; without one, the receiver's remark. Holds no headers, bodies or keys. */
  readonly message?: string;
}

/** What became of the points of a push. */
export interface PushTally extends Pick<PushEnd, 'accepted' | 'lost' | 'reason' | 'message'> {
  /** When the receiver may be sent the next request, after retries were exhausted. */
  readonly notBefore?: Instant;
}

/** How to push. */
export interface PushOptions extends Omit<RetryPolicy, 'until' | 'retried'> {
  readonly encoding: Encoding;
  readonly events: PushEvents;
  /** For one request and its retries. */
  readonly timeoutMs: number;
  readonly until: Instant;
}

const NOTHING: PushTally = { accepted: 0, lost: 0 };

/** Sends all points, one request after another, until one fails for a reason that is not its own content. */
export async function pushAll(metrics: ResourceMetrics, options: PushOptions): Promise<PushTally> {
  let tally = NOTHING;
  for await (const batch of encodedBatches(metrics, options.encoding)) {
    const sent = await sendBatch(batch, options);
    tally = addBatch(tally, batch, sent, options.events);
    if (sent.kind === 'accepted' || (sent.kind === 'refused' && sent.bodyAtFault)) continue;
    const rest = countPoints(metrics) - tally.accepted - tally.lost;
    if (rest > 0) options.events.lost(rest, sent.reason);
    tally = { ...tally, lost: tally.lost + rest };
    return sent.kind === 'exhausted' ? { ...tally, notBefore: sent.notBefore } : tally;
  }
  if (tally.accepted > 0) options.events.carried();
  return tally;
}

function sendBatch({ body }: EncodedBatch, options: PushOptions): Promise<SendOutcome> | Refused {
  if (!body) return TOO_LARGE;
  const { now, timeoutMs, until, events } = options;
  return sendWithRetry(body, {
    ...options,
    until: Math.min(now() + timeoutMs, until),
    retried: () => events.retried(),
  });
}

const TOO_LARGE: Refused = {
  kind: 'refused',
  reason: 'refused',
  message: 'a point is larger than a request may be',
  bodyAtFault: true,
};

/** Reports what became of a batch, and counts it. */
function addBatch(
  tally: PushTally,
  { points }: EncodedBatch,
  sent: SendOutcome,
  events: PushEvents,
): PushTally {
  const lost = sent.kind === 'accepted' ? Math.min(sent.rejected, points.length) : points.length;
  const reason = sent.kind === 'accepted' ? 'partial' : sent.reason;
  if (lost < points.length) events.accepted(points);
  if (lost > 0) events.lost(lost, reason);
  const { message } = sent;
  const detail = lost > 0 ? { reason, message } : message && tally.lost === 0 ? { message } : {};
  return { ...tally, accepted: tally.accepted + points.length - lost, lost: tally.lost + lost, ...detail };
}
