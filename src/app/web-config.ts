import { formatProblem } from '../config/yaml/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { WebConfig } from '../server/web/config.ts';
import { openWebSource, type WebChange, type WebSource } from '../server/web/source.ts';

/**
 * The web configuration of a server, reloaded as it changes; undefined without a file.
 *
 * @throws {ConfigError} if it cannot be used.
 */
export function followWeb(file: string | undefined, log: Logger): WebSource | undefined {
  if (file === undefined) return undefined;
  const now = () => performance.now();
  return openWebSource({ file, now, onChange: (change) => logChange(log, file, change) });
}

function logChange(log: Logger, file: string, change: WebChange): void {
  if (change.kind === 'read') log.info({ file }, 'web configuration reloaded');
  else if (change.kind === 'restartRequired')
    log.warn({ file, key: change.key }, 'web configuration change requires a restart');
  else {
    const problems = change.problems.map(formatProblem);
    log.warn({ file, problems }, 'invalid web configuration; keeping the previous one');
  }
}

/** A summary: `TLS, client certificates required, 2 users`. */
export function summaryOfWeb({ tls, http2, users, rateLimit }: WebConfig): string {
  const certificates = tls?.clientAuth.requires ? 'required' : 'requested';
  return [
    tls === undefined ? 'no TLS' : `TLS${http2 ? ' and HTTP/2' : ''}`,
    ...(tls?.clientAuth.asks ? [`client certificates ${certificates}`] : []),
    ...(users.size > 0 ? [users.size === 1 ? '1 user' : `${users.size} users`] : []),
    ...(rateLimit
      ? [`rate limit of one request per ${rateLimit.intervalMs} ms, burst ${rateLimit.burst}`]
      : []),
  ].join(', ');
}
