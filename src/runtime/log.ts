import { type Logger, pino } from 'pino';
import type { Output } from './stdout.ts';

export type { Logger };

/**
 * Structured log lines, one per event. Keys never reach it; fields that could contain one are redacted all the same.
 *
 * @param context fields added to each line when it is written, such as trace ids.
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

/** A message may quote a provider or a client. */
const MAX_TEXT_CHARACTERS = 10_000;
const MAX_CAUSES = 8;

/** An error and its causes; the stack is for bugs. */
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
