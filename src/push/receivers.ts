import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { Resource } from '@opentelemetry/resources';
import {
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { SECOND } from '../core/time.ts';
import { createPushExporter } from './exporter.ts';
import { createGrpcTransport } from './grpc.ts';
import { createHttpTransport } from './http.ts';
import type { PushesOptions } from './pushes.ts';
import type { Receiver } from './receiver.ts';
import type { Transport, TransportOptions } from './transport.ts';

export interface OpenReceiverOptions
  extends TransportOptions,
    Pick<PushesOptions, 'events' | 'now' | 'wait' | 'random'> {
  readonly receiver: Receiver;
  /** What is pushed, besides what instruments of its meter provider measure. */
  readonly producers: readonly MetricProducer[];
  readonly resource: Resource;
  /** How long stopping may take in all; 5 s when absent. */
  readonly graceMs?: number;
}

/** A receiver that is pushed to at its interval. */
export interface OpenReceiver {
  /** For instruments whose measurements this receiver is to be told. */
  readonly meterProvider: MeterProvider;
  /** Pushes now, once the push under way has ended. Never rejects: the events tell how it went. */
  flush(): Promise<void>;
  /** Pushes a last time and closes the connections; what hangs is cut off. Never rejects. */
  stop(): Promise<void>;
}

const GRACE_MS = 5 * SECOND;

/**
 * Opens a receiver; its first push comes after one interval. Its timer keeps no process alive.
 *
 * Failures are told by the events and nowhere else: the library says nothing on its own unless it is given a logger.
 *
 * @throws when the receiver's certificates or key cannot be used.
 */
export async function openReceiver(options: OpenReceiverOptions): Promise<OpenReceiver> {
  const { receiver, producers, resource, graceMs = GRACE_MS } = options;
  const serializer = receiver.protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const transport = await openTransport(receiver, options);
  const exporter = createPushExporter({ ...options, transport, serializer, graceMs: 0 });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    metricProducers: [...producers],
    exportIntervalMillis: receiver.intervalMs,
    // The exporter ends a push in time itself, and tells why.
    exportTimeoutMillis: receiver.intervalMs,
  });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    const cut = setTimeout(exporter.shutdown, graceMs);
    await meterProvider.shutdown().catch(() => {});
    clearTimeout(cut);
  };
  return {
    meterProvider,
    flush: () => meterProvider.forceFlush().catch(() => {}),
    stop: () => (stopping ??= stop()),
  };
}

/** Opens the way to a receiver, by its protocol. */
function openTransport(receiver: Receiver, options: TransportOptions): Transport | Promise<Transport> {
  return receiver.protocol === 'grpc'
    ? createGrpcTransport(receiver, options)
    : createHttpTransport(receiver, options);
}
