import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { SECOND } from '../core/values/time.ts';
import { createPushExporter } from './exporter.ts';
import type { PushQueueOptions } from './exporter-queue.ts';
import type { Receiver } from './receiver.ts';
import type { Transport } from './transport.ts';

/** A receiver, and what is pushed to it. */
export interface Subscription extends Pick<PushQueueOptions, 'events'> {
  readonly receiver: Receiver;
  readonly transport: Transport;
  readonly producers: readonly MetricProducer[];
}

export interface ReceiversOptions extends Pick<PushQueueOptions, 'now' | 'wait' | 'random'> {
  /** Attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
  /** How long stopping may take; 5 s when absent. */
  readonly graceMs?: number;
}

export type OpenReceivers = ReturnType<typeof openReceivers>;

const GRACE_MS = 5 * SECOND;

/**
 * Opens receivers; the first push to each comes after one interval. Timers do not keep the process alive.
 *
 * Only the events report failures: the library logs nothing unless it is given a logger.
 */
export function openReceivers(subscriptions: readonly Subscription[], options: ReceiversOptions) {
  const opened = subscriptions.map((subscription) => openReceiver(subscription, options));
  const readers = opened.map(({ reader }) => reader);
  const meterProvider = new MeterProvider({ resource: resourceFromAttributes(options.resource), readers });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    const abort = () => void Promise.all(opened.map(({ exporter }) => exporter.shutdown()));
    const grace = setTimeout(abort, options.graceMs ?? GRACE_MS);
    await meterProvider.shutdown().catch(() => {});
    clearTimeout(grace);
  };
  return {
    /** For instruments whose measurements all receivers get. */
    meterProvider,
    /** Pushes now, after the running push. Never rejects: the events report how it ended. */
    flush: () => meterProvider.forceFlush().catch(() => {}),
    /** Pushes a last time and closes the connections; aborts what hangs. Never rejects. */
    stop: () => (stopping ??= stop()),
  };
}

function openReceiver(subscription: Subscription, options: ReceiversOptions) {
  const { protocol, intervalMs } = subscription.receiver;
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const exporter = createPushExporter({ ...options, ...subscription, serializer });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    metricProducers: subscription.producers.map((producer) =>
      reportFailures(producer, subscription, options),
    ),
    exportIntervalMillis: intervalMs,
    // The exporter itself ends a push in time, and reports why.
    exportTimeoutMillis: intervalMs,
  });
  return { exporter, reader };
}

/** If collection fails nothing is pushed, and the library does not report it. */
function reportFailures(
  producer: MetricProducer,
  { events }: Pick<Subscription, 'events'>,
  { now }: Pick<ReceiversOptions, 'now'>,
): MetricProducer {
  return {
    async collect(options) {
      try {
        return await producer.collect(options);
      } catch (error) {
        const message = `internal error: ${error}`;
        events.ended({ ok: false, at: now(), seconds: 0, accepted: 0, lost: 0, message });
        throw error;
      }
    },
  };
}
