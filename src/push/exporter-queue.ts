import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Instant, SECOND } from '../core/values/time.ts';
import { startDeadline } from '../net/deadline.ts';
import { type PushEnd, type PushEvents, type PushTally, pushAll } from './push.ts';
import type { Receiver } from './receiver.ts';
import { MAX_PAUSE_MS, type RetryPolicy } from './retry.ts';
import { countPoints, type Encoding } from './split.ts';
import type { PushFailure, Transport } from './transport.ts';

export interface PushQueueOptions extends Partial<Pick<RetryPolicy, 'wait' | 'random'>> {
  readonly receiver: Pick<Receiver, 'timeoutMs' | 'pushTimeoutMs'>;
  /** Closed with the queue. */
  readonly transport: Transport;
  readonly serializer: Encoding['serializer'];
  readonly events: PushEvents;
  readonly now: () => Instant;
  /** At most so many points per request; 500 when absent, which block the event loop for about 2 ms. */
  readonly batchPoints?: number;
  /** At most so many bytes per request, before compression; 4 MB when absent: gRPC and many proxies accept 4 MiB. */
  readonly batchBytes?: number;
}

const BATCH_POINTS = 500;
const BATCH_BYTES = 4_000_000;

/** Why a push is not sent. */
interface UnsentReason {
  readonly reason: PushFailure;
  readonly message: string;
}

/**
 * The pushes to one receiver. None of its promises rejects, unless a listener throws.
 *
 * Requests follow one another and pushes never overlap: memory holds one encoded request at most. Undelivered points are
 * dropped; the next push has the new totals. If a receiver asks for a pause beyond the end of a push, pushes before the end of the
 * pause, or for an hour, fail without being sent.
 */
export class PushQueue {
  readonly #options: PushQueueOptions;
  readonly #closed = new AbortController();
  #running: Promise<PushTally> | undefined;
  #pause: { readonly until: Instant; readonly reason: PushFailure } | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PushQueueOptions) {
    this.#options = options;
  }

  async push(metrics: ResourceMetrics): Promise<PushEnd> {
    const { now, events } = this.#options;
    const at = now();
    if (this.#closing)
      return { ok: false, at, seconds: 0, accepted: 0, lost: 0, message: 'not sent: shut down' };
    const obstacle = this.#obstacle(at);
    const { notBefore: _, ...tally } = obstacle ? this.#skip(metrics, obstacle) : await this.#run(metrics);
    const end = { ok: tally.lost === 0, at: now(), seconds: Math.max(0, now() - at) / SECOND, ...tally };
    events.ended(end);
    return end;
  }

  /** Resolves once no push is running. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Aborts the running push and its request, and closes the connections. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #obstacle(at: Instant): UnsentReason | undefined {
    if (this.#running) return { reason: 'timeout', message: 'not sent: the previous push is still running' };
    const pause = this.#pause;
    if (!pause || at >= pause.until || pause.until - at > MAX_PAUSE_MS) return undefined;
    const message = `not sent: the receiver asked for a pause until ${new Date(pause.until).toISOString()}`;
    return { reason: pause.reason, message };
  }

  #skip(metrics: ResourceMetrics, obstacle: UnsentReason): PushTally {
    const lost = countPoints(metrics);
    if (lost > 0) this.#options.events.lost(lost, obstacle.reason);
    return { accepted: 0, lost, ...(lost > 0 && obstacle) };
  }

  async #run(metrics: ResourceMetrics): Promise<PushTally> {
    const { receiver, now } = this.#options;
    // A timer of the runtime, which continues if the clock is set back.
    const deadline = startDeadline(this.#closed.signal, receiver.pushTimeoutMs);
    this.#running = pushAll(metrics, {
      wait: (ms, signal) => sleep(ms, undefined, { signal }),
      random: Math.random,
      ...this.#options,
      encoding: { batchPoints: BATCH_POINTS, batchBytes: BATCH_BYTES, ...this.#options },
      timeoutMs: receiver.timeoutMs,
      until: now() + receiver.pushTimeoutMs,
      signal: deadline.signal,
    }).catch((error) => this.#skip(metrics, { reason: 'refused', message: `internal error: ${error}` }));
    const tally = await this.#running;
    deadline.end();
    this.#running = undefined;
    const { notBefore: until, reason } = tally;
    this.#pause = until === undefined || reason === undefined ? undefined : { until, reason };
    return tally;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
    await this.#options.transport.close().catch(() => {});
  }
}
