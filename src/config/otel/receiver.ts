import { SECOND } from '../../core/values/time.ts';
import type { Receiver } from '../../push/receiver.ts';
import type { Path } from '../yaml/errors.ts';
import { type Endpoint, grpcUrl, httpUrl, type SignalPath } from './endpoint.ts';
import { type Header, headersOf } from './headers.ts';
import type { SettingsSource } from './setting.ts';
import { type TlsFiles, tlsOf } from './tls.ts';

/** A receiver as configured by a file or by variables. */
export interface ReceiverSettings
  extends Pick<Receiver, 'name' | 'protocol' | 'compression' | 'temporality' | 'intervalMs' | 'timeoutMs'> {
  readonly signal: SignalPath;
  readonly endpoint: Endpoint;
  readonly headers: readonly Header[];
  readonly pushTimeout: { readonly path: Path; readonly ms: number } | undefined;
  readonly files: TlsFiles;
}

/** Where the exporter's own spans go. */
export interface Traces {
  /** Its interval and temporality are not used. */
  readonly receiver: Receiver;
  /** The fraction of traces that are recorded, from 0 to 1. */
  readonly sampleRatio: number;
}

/** The defaults of the specification. */
export const RECEIVER_DEFAULTS = {
  protocol: 'http/protobuf',
  compression: 'none',
  temporality: 'cumulative',
  intervalMs: 60 * SECOND,
  timeoutMs: 10 * SECOND,
  pushTimeoutMs: 30 * SECOND,
} as const;

/** The receiver, validated; its problems are reported to the source. */
export function receiverOf(settings: ReceiverSettings, source: SettingsSource): Receiver {
  const { signal, endpoint, headers, pushTimeout, files, ...rest } = settings;
  const { protocol, intervalMs } = rest;
  if (pushTimeout && pushTimeout.ms > intervalMs)
    source.ignore(
      pushTimeout.path,
      `is longer than the interval of ${intervalMs / SECOND} s; pushes do not overlap`,
    );
  return {
    ...rest,
    url: protocol === 'grpc' ? grpcUrl(endpoint, source) : httpUrl(endpoint, signal, source),
    headers: headersOf(headers, source),
    pushTimeoutMs: Math.min(pushTimeout?.ms ?? RECEIVER_DEFAULTS.pushTimeoutMs, intervalMs),
    tls: tlsOf(files, source),
  };
}
