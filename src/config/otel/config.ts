/** What is exported over OpenTelemetry, and where to. */
export interface OpenTelemetry {
  /** Serves `/otel/metrics`. */
  readonly prometheus: boolean;
  /** Resource attributes, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Adds attributes of the GenAI semantic conventions. */
  readonly genAi: boolean;
  /** The receivers of metrics. */
  readonly receivers: readonly ReceiverConfig[];
  /** Where the exporter's own spans go; undefined disables them. */
  readonly traces: Traces | undefined;
  /** Environment variables that are ignored, to be logged once. None contains a value. */
  readonly warnings: readonly string[];
}

/** A receiver of metrics or spans over OTLP. */
export interface ReceiverConfig {
  /** The `receiver` label, unique. */
  readonly name: string;
  readonly protocol: (typeof PROTOCOLS)[number];
  /** With HTTP the whole URL, which may include a query; with gRPC `http://` or `https://`, host and port. Never a user or password. */
  readonly url: string;
  /** Extra request headers, names in lower case. A function, so that printing a receiver never prints a key. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly temporality: (typeof TEMPORALITIES)[number];
  /** From the start of one push to the start of the next. */
  readonly intervalMs: number;
  /** Timeout of one request, first attempt or retry. */
  readonly timeoutMs: number;
  /** Timeout of a push of metrics with all its requests; at most the interval. */
  readonly pushTimeoutMs: number;
  readonly tls: ReceiverTlsConfig;
}

export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;

export const COMPRESSIONS = ['gzip', 'none'] as const;

export const TEMPORALITIES = ['cumulative', 'delta', 'lowmemory'] as const;

/** PEM texts; the runtime's defaults apply to absent ones. */
export interface ReceiverTlsConfig {
  /** Certificates to trust instead of the runtime's. */
  readonly ca?: string;
  /** The client certificate with its chain; requires `key`. */
  readonly cert?: string;
  /** Omitted when the object is printed or serialized, but kept when it is copied. */
  readonly key?: string;
}

export interface Traces {
  /** Its interval and temporality are not used. */
  readonly receiver: ReceiverConfig;
  /** The fraction of traces that are recorded, from 0 to 1. */
  readonly sampleRatio: number;
}
