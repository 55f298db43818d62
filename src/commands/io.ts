import type { Environment } from '../config/config.ts';

/** Where a command writes: the part of a stream that it needs. */
export interface Output {
  write(text: string): unknown;
}

/** What a command has of the outside world. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** What a command tells the shell. */
export const EXIT = { good: 0, failed: 1, misused: 2 } as const;
