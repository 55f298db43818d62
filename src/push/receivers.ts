import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { SECOND } from '../core/values/time.ts';
import { createPushExporter } from './exporter.ts';
import type { PushesOptions } from './exporter-queue.ts';
import type { Receiver } from './receiver.ts';
import type { Transport } from './transport.ts';

/** A receiver, and what it is told. */
export interface Subscription extends Pick<PushesOptions, 'events'> {
  readonly receiver: Receiver;
  readonly transport: Transport;
  readonly producers: readonly MetricProducer[];
}

export interface ReceiversOptions extends Pick<PushesOptions, 'now' | 'wait' | 'random'> {
  /** Attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
  /** How long stopping may take in all; 5 s when absent. */
  readonly graceMs?: number;
}

/** Receivers that are pushed to, each at its interval. */
export interface OpenReceivers {
  /** For instruments whose measurements all of them are told. */
  readonly meterProvider: MeterProvider;
  /** Pushes now, once a push under way has ended. Never rejects: the events tell how it went. */
  flush(): Promise<void>;
  /** Pushes a last time and closes the connections; what hangs is cut off. Never rejects. */
  stop(): Promise<void>;
}

const GRACE_MS = 5 * SECOND;

/**
 * Opens receivers; the first push to each comes after one of its intervals. Their timers keep no process alive.
 *
 * Failures are told by the events and nowhere else: the library says nothing on its own unless it is given a logger.
 */
export function openReceivers(
  subscriptions: readonly Subscription[],
  options: ReceiversOptions,
): OpenReceivers {
  const lines = subscriptions.map((subscription) => openLine(subscription, options));
  const readers = lines.map(({ reader }) => reader);
  const meterProvider = new MeterProvider({ resource: resourceFromAttributes(options.resource), readers });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    const cut = () => void Promise.all(lines.map(({ exporter }) => exporter.shutdown()));
    const grace = setTimeout(cut, options.graceMs ?? GRACE_MS);
    await meterProvider.shutdown().catch(() => {});
    clearTimeout(grace);
  };
  return {
    meterProvider,
    flush: () => meterProvider.forceFlush().catch(() => {}),
    stop: () => (stopping ??= stop()),
  };
}

function openLine(subscription: Subscription, options: ReceiversOptions) {
  const { protocol, intervalMs } = subscription.receiver;
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const exporter = createPushExporter({ ...options, ...subscription, serializer });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    metricProducers: subscription.producers.map((producer) => watched(producer, subscription, options)),
    exportIntervalMillis: intervalMs,
    // The exporter ends a push in time itself, and tells why.
    exportTimeoutMillis: intervalMs,
  });
  return { exporter, reader };
}

/** Where nothing can be collected nothing is pushed, and the library tells nobody. */
function watched(
  producer: MetricProducer,
  { events }: Pick<Subscription, 'events'>,
  { now }: Pick<ReceiversOptions, 'now'>,
): MetricProducer {
  return {
    async collect(options) {
      try {
        return await producer.collect(options);
      } catch (error) {
        const message = `failed on our side: ${error}`;
        events.ended({ ok: false, at: now(), seconds: 0, taken: 0, lost: 0, message });
        throw error;
      }
    },
  };
}
