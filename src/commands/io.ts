import type { Environment } from '../config/yaml/substitute.ts';
import type { Redactor } from '../runtime/redactor.ts';
import type { Output } from '../runtime/stdout.ts';

/** What a command needs from the outside world. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Keeps secrets out of output. */
  readonly redactor: Redactor;
}

/** Exit codes. */
export const EXIT = { good: 0, failed: 1, misused: 2 } as const;

export interface ServeOptions {
  readonly config?: string;
}

export interface DemoOptions {
  readonly host: string;
  readonly port: number;
}

export interface PollOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly metrics?: boolean;
}

export interface TaskCostOptions {
  readonly task: string;
  readonly config?: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** The commands; each resolves to the exit code. */
export interface Commands {
  serve(options: ServeOptions, io: Io): Promise<number>;
  demo(options: DemoOptions, io: Io): Promise<number>;
  check(options: CheckOptions, io: Io): Promise<number>;
  poll(options: PollOptions, io: Io): Promise<number>;
  taskCost(options: TaskCostOptions, io: Io): Promise<number>;
  ledger(options: LedgerOptions, io: Io): Promise<number>;
  configSchema(options: object, io: Io): Promise<number>;
}

/** Maintains a ledger that no exporter is using. */
export type LedgerOptions = LedgerLocation &
  (
    | { readonly action: 'check' }
    | { readonly action: 'backup'; readonly file: string }
    | { readonly action: 'restore'; readonly file: string }
    | { readonly action: 'forget' | 'rebase'; readonly account: string; readonly yes?: boolean }
  );

/** Where the ledger is: `state` is the file itself. */
export interface LedgerLocation {
  readonly config?: string;
  readonly state?: string;
}

export interface CheckOptions {
  readonly config?: string;
  /** Does not test the credentials. */
  readonly offline?: boolean;
}
