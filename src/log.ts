import { type Logger, pino } from 'pino';
import type { Output } from './output.ts';

export type { Logger };

/** Structured lines, one event each, on stderr. Keys never reach it; what could hold one is cut out all the same. */
export function createLog(output: Output): Logger {
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
