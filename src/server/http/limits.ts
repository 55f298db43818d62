/** How much of the server one client, or all together, may use. */
export const LIMITS = {
  /** No request needs a body, not even a reload. */
  bodyBytes: 1024,
  /** All headers of a request together. */
  headerBytes: 16 * 1024,
  headers: 100,
  /** Far more than a pair of Prometheus servers and a few browsers need; a quarter of it per address. */
  connections: 512,
  connectionsPerAddress: 128,
  /** Until the TLS handshake has completed. */
  handshakeMs: 10_000,
  /** Until all headers, and the body, have arrived. */
  headersMs: 10_000,
  requestMs: 15_000,
  /** From the headers of a request until the client has read the response. Prometheus waits 10 seconds by default. */
  responseMs: 30_000,
  /** Without a byte in either direction. */
  idleMs: 60_000,
  /** Between two requests: scrapers come once a minute. */
  keepAliveMs: 72_000,
  requestsPerConnection: 10_000,
  /** Concurrent requests per HTTP/2 connection. */
  streams: 32,
  /** Errors and resets of an HTTP/2 client before it is disconnected. */
  protocolErrors: 100,
  resetBurst: 200,
  resetsPerSecond: 20,
  /** At shutdown, until connections that are still being read are closed. */
  closeMs: 5000,
} as const;

/** {@link LIMITS}, with other values. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };
