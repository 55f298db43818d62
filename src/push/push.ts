import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Instant } from '../core/values/time.ts';
import { type RetryPolicy, type SendOutcome, sendWithRetry } from './retry.ts';
import { countPoints, type EncodedBatch, type EncodedPoint, type Encoding, encodedBatches } from './split.ts';
import type { PushFailure, Refused } from './transport.ts';

/** What self-metrics, logs and producers hear of. */
export interface PushEvents {
  /** The receiver took these, the very objects that were given: it must not be told of them again. */
  taken(points: readonly EncodedPoint[]): void;
  /** So many points were not delivered. */
  lost(count: number, reason: PushFailure): void;
  /** One request is sent again after a fault. */
  retried(): void;
  /** Nothing of a push is left to be sent and some of it was taken: what was refused would be refused again. */
  carried(): void;
  /** Once per push, after everything else of it. */
  ended(end: PushEnd): void;
}

/** How a push ended. */
export interface PushEnd {
  /** Whether every point was delivered. */
  readonly ok: boolean;
  readonly at: Instant;
  readonly seconds: number;
  /** Points. */
  readonly taken: number;
  /** Points. */
  readonly lost: number;
  /** Of the last loss. */
  readonly reason?: PushFailure;
  /** Of the last loss; where there is none, what the receiver remarked. Without headers, bodies and keys. */
  readonly message?: string;
}

/** What became of the points of a push. */
export interface PointTally extends Pick<PushEnd, 'taken' | 'lost' | 'reason' | 'message'> {
  /** When the receiver may be asked again, if it was given up. */
  readonly notBefore?: Instant;
}

/** What one push takes besides its points. */
export interface PushOptions extends Omit<RetryPolicy, 'until' | 'retried'> {
  readonly encoding: Encoding;
  readonly events: PushEvents;
  /** One request and its repetitions. */
  readonly timeoutMs: number;
  readonly until: Instant;
}

const NOTHING: PointTally = { taken: 0, lost: 0 };

/** Sends all points, one request after another; the rest is not sent once the receiver was given up. */
export async function pushAll(metrics: ResourceMetrics, options: PushOptions): Promise<PointTally> {
  let tally = NOTHING;
  for await (const batch of encodedBatches(metrics, options.encoding)) {
    const sent = await sendBatch(batch, options);
    tally = after(tally, batch, sent, options.events);
    if (sent.kind === 'taken' || (sent.kind === 'refused' && sent.bodyAtFault)) continue;
    const rest = countPoints(metrics) - tally.taken - tally.lost;
    if (rest > 0) options.events.lost(rest, sent.reason);
    tally = { ...tally, lost: tally.lost + rest };
    return sent.kind === 'given up' ? { ...tally, notBefore: sent.notBefore } : tally;
  }
  if (tally.taken > 0) options.events.carried();
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

/** Tells what became of a batch, and counts it. */
function after(
  tally: PointTally,
  { points }: EncodedBatch,
  sent: SendOutcome,
  events: PushEvents,
): PointTally {
  const lost = sent.kind === 'taken' ? Math.min(sent.rejected, points.length) : points.length;
  const reason = sent.kind === 'taken' ? 'partial' : sent.reason;
  if (lost < points.length) events.taken(points);
  if (lost > 0) events.lost(lost, reason);
  const { message } = sent;
  const said = lost > 0 ? { reason, message } : message && tally.lost === 0 ? { message } : {};
  return { ...tally, taken: tally.taken + points.length - lost, lost: tally.lost + lost, ...said };
}
