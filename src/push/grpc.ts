import type * as Grpc from '@grpc/grpc-js';
import { SECOND } from '../core/values/time.ts';
import { resultOfGrpc } from './grpc-answer.ts';
import { resultOfFault, TIMED_OUT } from './http-faults.ts';
import { NOTHING_REJECTED, partialSuccessIn } from './partial.ts';
import type { Receiver } from './receiver.ts';
import { createSanitizer, type Sanitizer } from './sanitize.ts';
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
  const connection: GrpcConnection = {
    grpc,
    receiver,
    sanitize: createSanitizer(receiver),
    method: options.method ?? METRICS_METHOD,
  };
  let client = openClient(grpc, receiver, options);
  return {
    async send(body, signal) {
      if (signal.aborted) return TIMED_OUT;
      const result = await callOnce(client, body, signal, connection).catch((error: unknown) =>
        resultOfFault(error, new URL(receiver.url).host),
      );
      if (signal.aborted && client.getChannel().getConnectivityState(false) === READY) {
        // The connection may be dead, which the library would notice only after a quarter of an hour.
        client.close();
        client = openClient(grpc, receiver, options);
      }
      return result;
    },
    close: async () => client.close(),
  };
}

/** Value of `connectivityState.READY`. */
const READY = 2;

interface GrpcConnection {
  readonly grpc: typeof Grpc;
  readonly receiver: Receiver;
  readonly sanitize: Sanitizer;
  readonly method: string;
}

function callOnce(
  client: Grpc.Client,
  body: Uint8Array,
  signal: AbortSignal,
  { grpc, receiver, sanitize, method }: GrpcConnection,
): Promise<SendResult> {
  return new Promise((resolve) => {
    const metadata = metadataOf(grpc, receiver);
    const call = client.makeUnaryRequest(
      method,
      toBuffer,
      (answer) => answer,
      body,
      metadata,
      (error, answer) => {
        signal.removeEventListener('abort', cancel);
        if (error) return resolve(signal.aborted ? TIMED_OUT : resultOfGrpc(error, grpc.status, sanitize));
        const { rejected, message } =
          partialSuccessIn(answer ?? new Uint8Array(), 'grpc') ?? NOTHING_REJECTED;
        resolve({ kind: 'accepted', rejected, message: sanitize(message) });
      },
    );
    const cancel = () => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
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
