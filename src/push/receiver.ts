/** A receiver of metrics or spans over OTLP, as configured. */
export interface Receiver {
  /** The `receiver` label, unique; the last delivered totals are stored under this name. */
  readonly name: string;
  readonly protocol: OtlpProtocol;
  /** With HTTP the whole URL, which may include a query; with gRPC `http://` or `https://`, host and port. Never a user or password. */
  readonly url: string;
  /** Additional headers of every request, names in lower case. A function, so that printing a receiver prints no key. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly temporality: TemporalityPreference;
  /** From the start of one push to that of the next. */
  readonly intervalMs: number;
  /** How long one request may take, retries included. */
  readonly timeoutMs: number;
  /** How long all requests of a push may take; at most the interval. */
  readonly pushTimeoutMs: number;
  readonly tls: ReceiverTls;
}

export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
export type OtlpProtocol = (typeof PROTOCOLS)[number];

export const COMPRESSIONS = ['gzip', 'none'] as const;

/** https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/ */
export const TEMPORALITIES = ['cumulative', 'delta', 'lowmemory'] as const;
export type TemporalityPreference = (typeof TEMPORALITIES)[number];

/** PEM texts; the runtime's defaults apply to absent ones. */
export interface ReceiverTls {
  /** Certificates to trust instead of the runtime's. */
  readonly ca?: string;
  /** The client certificate with its chain; requires `key`. */
  readonly cert?: string;
  /** Omitted when the object is printed or serialized, but kept when it is copied. */
  readonly key?: string;
  /** The name that the receiver's certificate must have; the host of the URL when absent. For HTTP only. */
  readonly serverName?: string;
}
