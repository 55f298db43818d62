import type { SecureContextOptions } from 'node:tls';
import type { ClientAuth } from './format.ts';

/** A validated web configuration. */
export interface WebConfig {
  /** Undefined for plain HTTP. */
  readonly tls: WebTls | undefined;
  /** Enables HTTP/2 over TLS. */
  readonly http2: boolean;
  /** Extra response headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bcrypt hashes by user; empty disables authentication. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: WebRateLimit | undefined;
}

/** One request every `intervalMs`, and `burst` at once. */
export interface WebRateLimit {
  readonly intervalMs: number;
  readonly burst: number;
}

/** The TLS settings of connections. */
export interface WebTls {
  /** Certificate, key and protocol settings. A function, so that printing a configuration never prints the key. */
  readonly context: () => SecureContextOptions;
  readonly clientAuth: ClientAuth;
  /** The certificate of a client must have one of these names. */
  readonly allowedSans: ReadonlySet<string> | undefined;
  /** Equal for equal settings, whatever file they come from. */
  readonly id: string;
}
