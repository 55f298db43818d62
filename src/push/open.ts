import { createGrpcTransport, METRICS_METHOD } from './grpc.ts';
import { createHttpTransport } from './http.ts';
import type { Receiver } from './receiver.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** The gRPC method per signal; with HTTP the receiver's URL includes the path. */
const METHODS = {
  metrics: METRICS_METHOD,
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const;

/**
 * Opens the transport for a receiver's protocol.
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
