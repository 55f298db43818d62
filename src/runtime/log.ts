import { type Logger, pino } from 'pino';
import type { Output } from './stdout.ts';

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
      serializers: { err: (error: unknown) => errorLine(error) },
      ...(context && { mixin: () => ({ ...context() }) }),
    },
    { write: (line: string) => void output.write(line) },
  );
}

/** A message may quote what a provider or a client wrote. */
const MAX_TEXT_CHARACTERS = 10_000;
const MAX_CAUSES = 8;

/** An error and its causes by message; the stack is for our own bugs. */
function errorLine(error: unknown, depth = 0): unknown {
  const short = (text: string) => text.slice(0, MAX_TEXT_CHARACTERS);
  if (!(error instanceof Error)) return short(String(error));
  const { name, message, stack = '', cause } = error;
  const isLast = cause === undefined || depth >= MAX_CAUSES;
  return {
    ...{ name, message: short(message), stack: short(stack) },
    ...(!isLast && { cause: errorLine(cause, depth + 1) }),
  };
}
