import { type LevelWithSilent, type Logger, pino } from 'pino';
import { logfmtLine, prettyLine } from './log-text.ts';
import type { Output } from './stdout.ts';

export type { Logger };

export interface LogOptions {
  /** `info` by default. */
  readonly level?: LevelWithSilent;
  /** `json` by default. */
  readonly format?: 'pretty' | 'json' | 'logfmt';
  /** For `pretty`. */
  readonly hasColors?: boolean;
  /** Fields added to each line when it is written, such as trace ids. */
  readonly context?: (() => Readonly<Record<string, string>>) | undefined;
}

/** Structured log lines, one per event. Keys never reach it; fields that could contain one are redacted all the same. */
export function createLog(output: Output, options: LogOptions = {}): Logger {
  const { level = 'info', format = 'json', hasColors = false, context } = options;
  const written = {
    json: (line: string) => line,
    logfmt: logfmtLine,
    pretty: (line: string) => prettyLine(line, hasColors),
  }[format];
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['key', 'apiKey', 'authorization', '*.key', '*.apiKey', '*.authorization'],
        censor: '[redacted]',
      },
      serializers: { err: (error: unknown) => errorLine(error) },
      ...(context && { mixin: () => ({ ...context() }) }),
    },
    { write: (line: string) => void output.write(written(line)) },
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
