/** What is told over OpenTelemetry, and to whom. */
export interface OpenTelemetry {
  /** Serves `/otel/metrics`. */
  readonly prometheus: boolean;
  /** Resource attributes, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Adds attributes under the names of the GenAI semantic conventions. */
  readonly genAi: boolean;
  /** Who is sent metrics. */
  readonly receivers: readonly ReceiverConfig[];
  /** Where the exporter's own spans go; undefined makes none. */
  readonly traces: Traces | undefined;
  /** What standard variables say that is not followed, to be logged once. None holds a value. */
  readonly warnings: readonly string[];
}

/** Somebody who is sent metrics or spans over OTLP. */
export interface ReceiverConfig {
  /** The `receiver` label, unique. */
  readonly name: string;
  readonly protocol: (typeof PROTOCOLS)[number];
  /** With HTTP the whole URL, which may hold a query; with gRPC `http://` or `https://`, host and port. Never a user or password. */
  readonly url: string;
  /** What every request carries besides, names in lower case. A function, so that nothing that prints a receiver prints a key. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly temporality: (typeof TEMPORALITIES)[number];
  /** From the start of one push to that of the next. */
  readonly intervalMs: number;
  /** How long one request may take, asked again after faults or not. */
  readonly timeoutMs: number;
  /** How long a push of metrics may take, all of its requests together; at most the interval. */
  readonly pushTimeoutMs: number;
  readonly tls: ReceiverTlsConfig;
}

export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;

export const COMPRESSIONS = ['gzip', 'none'] as const;

export const TEMPORALITIES = ['cumulative', 'delta', 'lowmemory'] as const;

/** PEM texts; absent ones leave it to the runtime. */
export interface ReceiverTlsConfig {
  /** Certificates that are trusted instead of the runtime's. */
  readonly ca?: string;
  /** Ours, with its chain, and only with `key`. */
  readonly cert?: string;
  /** Not shown by what prints or serializes the object, but copied with it. */
  readonly key?: string;
}

export interface Traces {
  /** Its interval and its temporality say nothing. */
  readonly receiver: ReceiverConfig;
  /** The share of traces that are recorded, from 0 to 1. */
  readonly sampleRatio: number;
}
