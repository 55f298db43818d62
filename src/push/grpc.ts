import type * as Grpc from '@grpc/grpc-js';
import { SECOND } from '../core/values/time.ts';
import { resultOfGrpc } from './grpc-answer.ts';
import { resultOfFault, TIMED_OUT } from './http-faults.ts';
import type { Receiver } from './receiver.ts';
import { createSanitizer } from './sanitize.ts';
import type { SendResult, Transport, TransportOptions } from './transport.ts';

/** https://opentelemetry.io/docs/specs/otlp/#otlpgrpc */
export const METRICS_METHOD = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

export interface GrpcTransportOptions extends TransportOptions {
  /** The method's path; {@link METRICS_METHOD} when absent. */
  readonly method?: string;
}

/**
 * Opens a transport of OTLP over gRPC. It connects at the first request. The library is loaded only here, because that takes time.
 *
 * @throws when the receiver's certificates or key are not PEM, or do not match.
 */
export async function createGrpcTransport(
  receiver: Receiver,
  options: GrpcTransportOptions,
): Promise<Transport> {
  const grpc = await import('@grpc/grpc-js');
  const { method = METRICS_METHOD } = options;
  const sanitize = createSanitizer(receiver);
  let client = openClient(grpc, receiver, options);
  const call = (body: Uint8Array, signal: AbortSignal) =>
    new Promise<SendResult>((resolve) => {
      const metadata = metadataOf(grpc, receiver);
      const request = client.makeUnaryRequest(method, toBuffer, keep, body, metadata, (error, answer) => {
        signal.removeEventListener('abort', cancel);
        resolve(signal.aborted && error ? TIMED_OUT : resultOfGrpc(error, answer, grpc.status, sanitize));
      });
      const cancel = () => request.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  return {
    async send(body, signal) {
      if (signal.aborted) return TIMED_OUT;
      const result = await call(body, signal).catch((error) =>
        resultOfFault(error, new URL(receiver.url).host),
      );
      const state = client.getChannel().getConnectivityState(false);
      if (signal.aborted && state === grpc.connectivityState.READY) {
        // The connection may be dead, which the library would notice only after a quarter of an hour.
        client.close();
        client = openClient(grpc, receiver, options);
      }
      return result;
    },
    close: async () => client.close(),
  };
}

function openClient(grpc: typeof Grpc, receiver: Receiver, { userAgent }: TransportOptions): Grpc.Client {
  const { protocol, hostname, port } = new URL(receiver.url);
  const secure = protocol === 'https:';
  const credentials = secure ? secureCredentials(grpc, receiver) : grpc.credentials.createInsecure();
  return new grpc.Client(`dns:${hostname}:${port || (secure ? 443 : 80)}`, credentials, {
    'grpc.primary_user_agent': userAgent,
    ...(receiver.compression === 'gzip' && {
      'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
    }),
    // Reconnects within seconds; the library's default backoff is up to two minutes.
    'grpc.initial_reconnect_backoff_ms': SECOND,
    'grpc.max_reconnect_backoff_ms': 5 * SECOND,
    'grpc.dns_min_time_between_resolutions_ms': SECOND,
    // Its own connections, which close with the client.
    'grpc.use_local_subchannel_pool': 1,
    // No proxy from the environment, and no settings from DNS.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_retries': 0,
  });
}

function secureCredentials(grpc: typeof Grpc, { tls }: Receiver): Grpc.ChannelCredentials {
  const [ca, key, cert] = [tls.ca, tls.key, tls.cert].map((pem) =>
    pem === undefined ? null : Buffer.from(pem),
  );
  return grpc.credentials.createSsl(ca, key, cert);
}

/** The headers that gRPC can carry. */
function metadataOf(grpc: typeof Grpc, receiver: Receiver): Grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(receiver.headers())) {
    try {
      if (!name.toLowerCase().endsWith('-bin')) metadata.set(name, value);
    } catch {}
  }
  return metadata;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function keep(bytes: Buffer): Buffer {
  return bytes;
}
