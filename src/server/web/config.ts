import type { SecureContextOptions } from 'node:tls';
import type { ClientAuth } from './format.ts';

/** A web configuration, checked. */
export interface WebConfig {
  /** Absent: HTTP in the clear. */
  readonly tls: WebTls | undefined;
  /** Whether HTTP/2 is spoken over TLS. */
  readonly http2: boolean;
  /** Headers that answers carry besides our own. */
  readonly headers: Readonly<Record<string, string>>;
  /** By name, bcrypt hashes; empty: everybody may come. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: WebRateLimit | undefined;
}

/** One request every `intervalMs`, and `burst` at once. */
export interface WebRateLimit {
  readonly intervalMs: number;
  readonly burst: number;
}

/** TLS as connections are to be made. */
export interface WebTls {
  /** Certificate, key and what is agreed on. A function, so that nothing that prints a configuration prints the key. */
  readonly context: () => SecureContextOptions;
  readonly clientAuth: ClientAuth;
  /** A client's certificate must have one of these names. */
  readonly allowedSans: ReadonlySet<string> | undefined;
  /** The same for the same, whatever file it comes from. */
  readonly id: string;
}
