/** A receiver of OTLP, as configured. */
export interface Receiver {
  /** The `receiver` label; the last delivered totals are stored under this name. */
  readonly name: string;
  readonly protocol: OtlpProtocol;
  /** Where metrics are sent: with HTTP the whole URL, such as `http://localhost:4318/v1/metrics`; with gRPC `http://` or `https://`, host and port. */
  readonly url: string;
  /** Additional headers of every request. A function, so that printing a receiver prints no key. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  readonly temporality: TemporalityPreference;
  /** From the start of one push to that of the next. */
  readonly intervalMs: number;
  /** How long one request may take, retries included. */
  readonly timeoutMs: number;
  /** How long all requests of a push may take; at most the interval. */
  readonly pushTimeoutMs: number;
  readonly tls: ReceiverTls;
}

export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/** https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/ */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

/** PEM texts; the runtime's defaults when absent. */
export interface ReceiverTls {
  /** Trusted certificates, instead of the runtime's. */
  readonly ca?: string;
  /** The client certificate with its chain. */
  readonly cert?: string;
  readonly key?: string;
}
