import type { Budget } from '../core/reports/budget.ts';
import type { Rates } from '../core/values/exchange-rates.ts';
import type { Instant } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { OpenTelemetry } from './otel/config.ts';

/** One set of credentials at a provider, ready to be polled. */
export interface Account {
  readonly provider: Provider<unknown>;
  /** The `account` label; unique among the accounts of the provider. */
  readonly name: string;
  /** Without a trailing slash, credentials, query or fragment; may hold a path. */
  readonly baseUrl: string;
  /** The credential. A function, so that nothing that prints an account prints it. */
  readonly key: () => string;
  /** Where the credential comes from, in words: for `check`, never the credential itself. */
  readonly keySource: string;
  /** Midnight UTC of the day the first read goes back to; undefined leaves it to the default. */
  readonly since: Instant | undefined;
  /** How long one request may take. */
  readonly timeoutMs: number;
  /** A cron line for each feed of the provider. */
  readonly schedule: Readonly<Record<string, string>>;
  /** What the provider's own schema made of the keys only it has. */
  readonly config: unknown;
}

/** The whole configuration, checked. */
export interface Config {
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** `POST /-/reload` reads the configuration again. */
    readonly enableReload: boolean;
    /** Path of the exporter-toolkit's web configuration; absent: HTTP in the clear, for everybody. */
    readonly webConfig?: string;
  };
  readonly state: { readonly path: string };
  readonly metrics: { readonly newSeriesZeroMs: number; readonly maxSeries: number };
  readonly accounts: readonly Account[];
  readonly budgets: readonly Budget[];
  readonly currencies: Rates;
  readonly openTelemetry: OpenTelemetry;
}
