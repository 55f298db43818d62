import type { LogSettings } from '../config/config.ts';
import type { Environment } from '../config/yaml/substitute.ts';
import type { Window } from '../core/reports/windows.ts';
import type { Redactor } from '../runtime/redactor.ts';
import type { Output } from '../runtime/stdout.ts';

export { WINDOWS } from '../core/reports/windows.ts';

/** What a command needs from the outside world. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  readonly redactor: Redactor;
}

export const EXIT = { good: 0, failed: 1, misused: 2 } as const;

type Command<Options> = (options: Options, io: Io) => Promise<number>;

/** The commands; each resolves to the exit code. */
export interface Commands {
  readonly serve: Command<ServeOptions>;
  readonly demo: Command<DemoOptions>;
  readonly check: Command<CheckOptions>;
  readonly poll: Command<PollOptions>;
  readonly costs: Command<CostsOptions>;
  readonly exportFocus: Command<ExportFocusOptions>;
  readonly backfill: Command<BackfillOptions>;
  readonly taskCost: Command<TaskCostOptions>;
  readonly ledger: Command<LedgerOptions>;
  readonly configSchema: Command<object>;
}

/** They override `log` of the configuration. */
export interface LogOverrides {
  readonly logLevel?: LogSettings['level'];
  readonly logFormat?: LogSettings['format'];
}

export interface ServeOptions extends LogOverrides {
  readonly config?: string;
}

export interface DemoOptions extends LogOverrides {
  readonly host: string;
  readonly port: number;
  /** Keeps the ledger, and when the simulated world began; both are temporary without it. */
  readonly state?: string;
  readonly remoteWrite?: string;
  /** As `name=value`. */
  readonly label?: readonly string[];
}

export interface CheckOptions extends Pick<ServeOptions, 'config'> {
  readonly offline?: boolean;
}

export interface PollOptions extends ServeOptions {
  readonly json?: boolean;
  readonly metrics?: boolean;
}

/** A running exporter, and how to be let in. */
export interface ExporterOptions {
  readonly url?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where costs come from, and which. The parameters are those of `/api/v1/costs/series`. */
export interface CostsOptions extends Pick<ServeOptions, 'config'>, ExporterOptions {
  readonly window?: Window;
  readonly from?: string;
  readonly to?: string;
  readonly by: string;
  readonly step?: 'day' | 'month';
  readonly top?: string;
  /** As `label=pattern`. */
  readonly match?: readonly string[];
  readonly format: 'table' | 'csv' | 'json';
}

/** Answers a query of `/api/v1/costs/series`. */
export type CostsSource = (query: URLSearchParams, format: 'json' | 'csv') => Promise<CostsResult>;

export type CostsResult =
  | { readonly kind: 'answered'; readonly text: string }
  /** `misused`: the question makes no sense. */
  | { readonly kind: 'misused' | 'failed'; readonly message: string };

export const EXPORT_FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportFocusOptions extends Pick<ServeOptions, 'config'>, ExporterOptions {
  readonly from: string;
  readonly to: string;
  /** `-` is standard output. */
  readonly output: string;
  readonly format: ExportFormat;
}

export interface BackfillOptions extends Pick<ServeOptions, 'config'> {
  readonly from: string;
  readonly to: string;
  /** A file, `-` for standard output, or a folder if it ends with a slash. Either this or `remoteWrite`. */
  readonly output?: string;
  readonly remoteWrite?: string;
  /** As `name=value`. */
  readonly label?: readonly string[];
  readonly dryRun?: boolean;
  readonly resume?: boolean;
}

export interface TaskCostOptions extends Pick<ServeOptions, 'config'> {
  readonly task: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** Where the ledger is: `state` is the file itself. */
export interface LedgerLocation extends Pick<ServeOptions, 'config'> {
  readonly state?: string;
}

export type LedgerOptions = LedgerLocation &
  (
    | { readonly action: 'check' }
    | { readonly action: 'backup'; readonly file: string }
    | { readonly action: 'restore'; readonly file: string }
    | { readonly action: 'forget' | 'rebase'; readonly account: string; readonly yes?: boolean }
  );
