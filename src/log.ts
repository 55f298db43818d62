import { type Logger, pino } from 'pino';
import type { Output } from './output.ts';

export type { Logger };

/**
 * Structured lines, one event each, on stderr. Keys never reach it; what could hold one is cut out all the same.
 *
 * @param context what each line carries besides, asked when it is written, such as the ids of a trace.
 */
export function createLog(output: Output, context?: () => Readonly<Record<string, string>>): Logger {
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: {
        paths: ['key', 'apiKey', 'authorization', '*.key', '*.apiKey', '*.authorization'],
        censor: '[redacted]',
      },
      serializers: { err: errorLine },
      ...(context && { mixin: () => ({ ...context() }) }),
    },
    { write: (line: string) => void output.write(line) },
  );
}

/** An error and its causes by message; the stack is for our own bugs. */
function errorLine(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: errorLine(cause) }) };
}
