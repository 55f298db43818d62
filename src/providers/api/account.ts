import type { Instant } from '../../core/values/time.ts';
import type { Provider } from './provider.ts';

/** One set of credentials for a provider, ready to be polled. */
export interface PolledAccount {
  readonly provider: Provider<unknown>;
  /** The `account` label; unique among the accounts of the provider. */
  readonly name: string;
  /** Without a trailing slash, credentials, query or fragment; may include a path, which is kept. */
  readonly baseUrl: string;
  /** The credential, asked for before each request: secrets rotate. A function, so that printing an account never prints it. */
  readonly key: () => string;
  /** Midnight UTC of the first day to read; undefined for the default. */
  readonly since: Instant | undefined;
  /** Timeout of one request, from sending it to the last byte of its answer. */
  readonly timeoutMs: number;
  /** A cron expression per feed. */
  readonly schedule: Readonly<Record<string, string>>;
  /** The keys that only this provider has, as its own schema converted them. */
  readonly config: unknown;
}
