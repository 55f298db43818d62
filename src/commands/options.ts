import type { Io } from './io.ts';

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

/** The commands, each of which resolves to the exit code. */
export interface Commands {
  serve(options: ServeOptions, io: Io): Promise<number>;
  demo(options: DemoOptions, io: Io): Promise<number>;
  check(options: CheckOptions, io: Io): Promise<number>;
  poll(options: PollOptions, io: Io): Promise<number>;
  taskCost(options: TaskCostOptions, io: Io): Promise<number>;
  ledger(options: LedgerOptions, io: Io): Promise<number>;
  configSchema(options: object, io: Io): Promise<number>;
}

/** Looks after a ledger that no exporter uses. */
export type LedgerOptions = LedgerPlace &
  (
    | { readonly action: 'check' }
    | { readonly action: 'backup'; readonly file: string }
    | { readonly action: 'restore'; readonly file: string }
    | { readonly action: 'forget' | 'rebase'; readonly account: string; readonly yes?: boolean }
  );

/** Which ledger: `state` names the file itself. */
export interface LedgerPlace {
  readonly config?: string;
  readonly state?: string;
}

export interface CheckOptions {
  readonly config?: string;
  /** Leaves the credentials untried. */
  readonly offline?: boolean;
}
