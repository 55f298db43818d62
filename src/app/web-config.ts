import { formatProblem } from '../config/yaml/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { WebConfig } from '../server/web/config.ts';
import { openWebSource, type WebChange, type WebSource } from '../server/web/source.ts';

/**
 * The web configuration of a server, followed as it changes; undefined where there is none.
 *
 * @throws {ConfigError} when it cannot be used.
 */
export function followWeb(file: string | undefined, log: Logger): WebSource | undefined {
  if (file === undefined) return undefined;
  const now = () => performance.now();
  return openWebSource({ file, now, onChange: (change) => tell(log, file, change) });
}

function tell(log: Logger, file: string, change: WebChange): void {
  if (change.kind === 'read') log.info({ file }, 'the web configuration changed and was read');
  else if (change.kind === 'restartRequired')
    log.warn({ file, key: change.key }, 'takes effect at the next start only');
  else {
    const problems = change.problems.map(formatProblem);
    log.warn({ file, problems }, 'the web configuration changed and is wrong: what was read before stays');
  }
}

/** What it comes to, for people: `TLS, client certificates required, 2 users`. */
export function summaryOfWeb({ tls, http2, users, rateLimit }: WebConfig): string {
  const certificates = tls?.clientAuth.requires ? 'required' : 'asked for';
  return [
    tls === undefined ? 'no TLS' : `TLS${http2 ? ' and HTTP/2' : ''}`,
    ...(tls?.clientAuth.asks ? [`client certificates ${certificates}`] : []),
    ...(users.size > 0 ? [users.size === 1 ? '1 user' : `${users.size} users`] : []),
    ...(rateLimit ? [`a request every ${rateLimit.intervalMs} ms and ${rateLimit.burst} at once`] : []),
  ].join(', ');
}
