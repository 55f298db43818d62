import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Instant, SECOND } from '../core/values/time.ts';
import { startDeadline } from '../net/deadline.ts';
import { type PointTally, type PushEnd, type PushEvents, pushAll } from './push.ts';
import type { Receiver } from './receiver.ts';
import { MAX_PAUSE_MS, type RetryPolicy } from './retry.ts';
import { countPoints, type Encoding } from './split.ts';
import type { Transport } from './transport.ts';

export interface PushesOptions extends Partial<Pick<RetryPolicy, 'wait' | 'random'>> {
  readonly receiver: Pick<Receiver, 'timeoutMs' | 'pushTimeoutMs'>;
  /** Closed with the pushes. */
  readonly transport: Transport;
  readonly serializer: Encoding['serializer'];
  readonly events: PushEvents;
  readonly now: () => Instant;
  /** At most so many points a request; 500 when absent, which block the event loop for some 2 ms. */
  readonly batchPoints?: number;
  /** At most so many bytes a request, before compression; 4 MB when absent: gRPC and many a proxy take 4 MiB. */
  readonly batchBytes?: number;
}

/** The pushes to one receiver. None of its promises rejects. */
export interface Pushes {
  push(metrics: ResourceMetrics): Promise<PushEnd>;
  /** Resolves once no push is under way. */
  settled(): Promise<void>;
  /** Ends the push under way, its request in flight too, and the connections. */
  close(): Promise<void>;
}

const BATCH_POINTS = 500;
const BATCH_BYTES = 4_000_000;

type Obstacle = Required<Pick<PushEnd, 'reason' | 'message'>>;

interface ReceiverQueue {
  readonly closed: AbortController;
  /** The push under way. */
  running: Promise<unknown> | undefined;
  /** The receiver is left alone until then, after a failure for this reason. */
  silence: { readonly until: Instant; readonly reason: Obstacle['reason'] } | undefined;
}

/**
 * Opens the line to one receiver.
 *
 * Requests follow one another and pushes never overlap: memory holds one encoded request at most. What is not delivered is
 * not kept; the next push tells the totals again. A receiver that asks for a longer pause than a push may last is left
 * alone until then, or for an hour: pushes that fall due before fail unsent.
 */
export function openPushes(options: PushesOptions): Pushes {
  const { now, events } = options;
  const line: ReceiverQueue = {
    closed: new AbortController(),
    running: undefined,
    silence: undefined,
  };
  let closing: Promise<void> | undefined;
  return {
    async push(metrics) {
      const at = now();
      if (closing) return { ok: false, at, seconds: 0, taken: 0, lost: 0, message: 'not sent: shut down' };
      const obstacle = obstacleOf(line, at);
      const end = endOf(
        obstacle ? unsent(metrics, obstacle, events) : await run(metrics, line, options),
        at,
        now(),
      );
      events.ended(end);
      return end;
    },
    settled: async () => {
      await line.running;
    },
    close: () => (closing ??= close(line, options)),
  };
}

function obstacleOf({ running, silence }: ReceiverQueue, at: Instant): Obstacle | undefined {
  if (running) return { reason: 'timeout', message: 'not sent: the push before was still under way' };
  if (!silence || at >= silence.until || silence.until - at > MAX_PAUSE_MS) return undefined;
  const message = `not sent: the receiver is left alone until ${new Date(silence.until).toISOString()}`;
  return { reason: silence.reason, message };
}

function unsent(metrics: ResourceMetrics, obstacle: Obstacle, events: PushEvents): PointTally {
  const lost = countPoints(metrics);
  if (lost > 0) events.lost(lost, obstacle.reason);
  return { taken: 0, lost, ...(lost > 0 && obstacle) };
}

async function run(
  metrics: ResourceMetrics,
  line: ReceiverQueue,
  options: PushesOptions,
): Promise<PointTally> {
  const { receiver, now, events } = options;
  // By a timer of the runtime, which goes on where the clock is put back.
  const deadline = startDeadline(line.closed.signal, receiver.pushTimeoutMs);
  const pushing = pushAll(metrics, {
    wait: (ms, signal) => sleep(ms, undefined, { signal }),
    random: Math.random,
    ...options,
    encoding: { batchPoints: BATCH_POINTS, batchBytes: BATCH_BYTES, ...options },
    timeoutMs: receiver.timeoutMs,
    until: now() + receiver.pushTimeoutMs,
    signal: deadline.signal,
  }).catch((error) =>
    unsent(metrics, { reason: 'refused', message: `failed on our side: ${error}` }, events),
  );
  line.running = pushing;
  const tally = await pushing;
  deadline.end();
  line.running = undefined;
  line.silence = silenceAfter(tally);
  return tally;
}

function silenceAfter({ notBefore: until, reason }: PointTally): ReceiverQueue['silence'] {
  return until === undefined || reason === undefined ? undefined : { until, reason };
}

function endOf({ notBefore: _, ...tally }: PointTally, begun: Instant, at: Instant): PushEnd {
  return { ok: tally.lost === 0, at, seconds: Math.max(0, at - begun) / SECOND, ...tally };
}

async function close({ closed, running }: ReceiverQueue, { transport }: PushesOptions): Promise<void> {
  closed.abort();
  await running;
  await transport.close().catch(() => {});
}
