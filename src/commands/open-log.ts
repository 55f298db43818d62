import type { LogSettings } from '../config/config.ts';
import { createLog, type Logger, type LogOptions } from '../runtime/log.ts';
import type { Io, LogOverrides } from './io.ts';

/** The settings that remain once the options of a command have overridden them. */
export function overrideLog(configured: LogSettings, { logLevel, logFormat }: LogOverrides): LogSettings {
  return { level: logLevel ?? configured.level, format: logFormat ?? configured.format };
}

/** Opens the log on standard error. */
export function openLog(
  { level, format }: LogSettings,
  { redactor, stderr }: Pick<Io, 'redactor' | 'stderr'>,
  context?: LogOptions['context'],
): Logger {
  const { isTerminal = false, hasColors = false } = stderr;
  const log = createLog(redactor.wrap(stderr), {
    level,
    format: format ?? (isTerminal ? 'pretty' : 'json'),
    hasColors,
    context,
  });
  stderr.onDropped?.((count) =>
    log.warn({ dropped: count }, 'log lines dropped: standard error was blocked'),
  );
  return log;
}
