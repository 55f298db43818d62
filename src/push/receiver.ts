/** Somebody who is sent metrics over OTLP, as the configuration describes them. */
export interface Receiver {
  /** The `receiver` label; what it was told last is stored under this name. */
  readonly name: string;
  readonly protocol: OtlpProtocol;
  /** Where metrics go: with HTTP the whole URL, such as `http://localhost:4318/v1/metrics`; with gRPC `http://` or `https://`, host and port. */
  readonly url: string;
  /** What every request carries besides. A function, so that nothing that prints a receiver prints a key. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  readonly temporality: TemporalityPreference;
  /** From the start of one push to that of the next. */
  readonly intervalMs: number;
  /** How long one request may take, asked again after faults or not. */
  readonly timeoutMs: number;
  /** How long a push may take, all of its requests together; at most the interval. */
  readonly pushTimeoutMs: number;
  readonly tls: ReceiverTls;
}

export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/** https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/ */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

/** PEM texts; absent ones leave it to the runtime. */
export interface ReceiverTls {
  /** Certificates that are trusted instead of the runtime's. */
  readonly ca?: string;
  /** Ours, with its chain, for receivers that ask for one. */
  readonly cert?: string;
  readonly key?: string;
}
