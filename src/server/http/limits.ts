/** How much of the server anybody may take. */
export const LIMITS = {
  /** No body means anything to us, not even a reload's. */
  bodyBytes: 1024,
  /** Of all headers of a request. */
  headerBytes: 16 * 1024,
  headers: 100,
  /** Far more than a pair of Prometheus servers and some people at their browsers; a quarter of it for one address. */
  connections: 512,
  connectionsOfOne: 128,
  /** Until TLS is agreed on. */
  handshakeMs: 10_000,
  /** Until all headers are here, and until the body is. */
  headersMs: 10_000,
  requestMs: 15_000,
  /** From a request's headers until its answer was taken. Prometheus waits no longer than 10 seconds unless told to. */
  answerMs: 30_000,
  /** Without a byte either way. */
  silenceMs: 60_000,
  /** Between two requests: scrapers come once a minute. */
  keepAliveMs: 72_000,
  requestsOfConnection: 10_000,
  /** Requests at a time on one connection of HTTP/2. */
  streams: 32,
  /** What an HTTP/2 client may get wrong, or take back, before it is cut off. */
  mistakes: 100,
  resetsAtOnce: 200,
  resetsASecond: 20,
  /** After this, a reader that still takes its answer no longer holds up the end. */
  closeMs: 5000,
} as const;

/** {@link LIMITS} or others. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };
