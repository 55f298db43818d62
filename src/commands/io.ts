import type { Environment } from '../config/yaml/substitute.ts';
import type { Output } from '../runtime/output.ts';
import type { Redactor } from '../runtime/redactor.ts';

/** What a command has of the outside world. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** What no output may hold. */
  readonly vault: Redactor;
}

/** What a command tells the shell. */
export const EXIT = { good: 0, failed: 1, misused: 2 } as const;
