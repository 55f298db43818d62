import type { Budget } from '../core/reports/budget.ts';
import type { Rates } from '../core/values/exchange-rates.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { HistoryConfig } from './history/history.ts';
import type { OpenTelemetry } from './otel/open-telemetry.ts';

/** An account, as configured. */
export interface Account extends PolledAccount {
  /** Describes where the credential comes from, for `check`; never contains the credential. */
  readonly keySource: string;
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
  readonly state: { readonly path: string; readonly historyMonths: number };
  readonly log: LogSettings;
  readonly metrics: { readonly newSeriesZeroMs: number; readonly maxSeries: number };
  readonly accounts: readonly Account[];
  readonly budgets: readonly Budget[];
  readonly currencies: Rates;
  readonly openTelemetry: OpenTelemetry;
  /** Absent without its section. */
  readonly history?: HistoryConfig;
}
