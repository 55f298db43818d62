import { createGrpcTransport, METRICS_METHOD } from './grpc.ts';
import { createHttpTransport } from './http.ts';
import type { Receiver } from './receiver.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** What is sent: with HTTP the receiver's URL says it already. */
const METHODS = {
  metrics: METRICS_METHOD,
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const;

/**
 * Opens the way to a receiver, by its protocol.
 *
 * @throws when the receiver's certificates or key cannot be used.
 */
export async function openTransport(
  receiver: Receiver,
  signal: keyof typeof METHODS,
  options: TransportOptions,
): Promise<Transport> {
  return receiver.protocol === 'grpc'
    ? createGrpcTransport(receiver, { ...options, method: METHODS[signal] })
    : createHttpTransport(receiver, options);
}
