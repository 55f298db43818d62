import type { Budget } from '../core/reports/budget.ts';
import type { Rates } from '../core/values/exchange-rates.ts';
import type { Instant } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { OpenTelemetry } from './otel/open-telemetry.ts';

/** One set of credentials for a provider, ready to be polled. */
export interface Account {
  readonly provider: Provider<unknown>;
  /** The `account` label; unique among the accounts of the provider. */
  readonly name: string;
  /** Without a trailing slash, credentials, query or fragment; may include a path. */
  readonly baseUrl: string;
  /** The credential. A function, so that printing an account never prints it. */
  readonly key: () => string;
  /** Describes where the credential comes from, for `check`; never contains the credential. */
  readonly keySource: string;
  /** Midnight UTC of the first day to read; undefined for the default. */
  readonly since: Instant | undefined;
  /** Timeout of one request. */
  readonly timeoutMs: number;
  /** A cron expression per feed. */
  readonly schedule: Readonly<Record<string, string>>;
  /** The keys that only this provider has, as its own schema converted them. */
  readonly config: unknown;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const LOG_FORMATS = ['pretty', 'json', 'logfmt'] as const;

/** What is logged, and how. */
export interface LogSettings {
  readonly level: (typeof LOG_LEVELS)[number];
  /** Undefined: `pretty` on a terminal, otherwise `json`. */
  readonly format?: (typeof LOG_FORMATS)[number] | undefined;
}

/** The validated configuration. */
export interface Config {
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Enables `POST /-/reload`. */
    readonly enableReload: boolean;
    /** Path of the exporter-toolkit web configuration; absent for plain HTTP without authentication. */
    readonly webConfig?: string;
  };
  readonly state: { readonly path: string };
  readonly log: LogSettings;
  readonly metrics: { readonly newSeriesZeroMs: number; readonly maxSeries: number };
  readonly accounts: readonly Account[];
  readonly budgets: readonly Budget[];
  readonly currencies: Rates;
  readonly openTelemetry: OpenTelemetry;
}
