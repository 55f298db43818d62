import { type App, createApp } from '../app.ts';
import type { ServeOptions } from '../cli.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { costsAt } from '../costs.ts';
import { createLog, type Logger } from '../log.ts';
import { createProgress } from '../progress.ts';
import { PROVIDERS } from '../providers/index.ts';
import { createServer } from '../server/server.ts';
import { createPrometheusPage } from '../sinks/prometheus/page.ts';
import { statusOf } from '../status.ts';
import { StoreError } from '../store/open.ts';
import { packageRevision, packageVersion } from '../version.ts';
import { followWeb } from '../web.ts';
import { EXIT, type Io } from './io.ts';

/** Runs the exporter until the process is asked to end. */
export async function serve(options: ServeOptions, io: Io): Promise<number> {
  return run(loadConfig(options.config, io.env, PROVIDERS), io);
}

/** Runs the exporter with a configuration that was read, or made. `listening` hears where. */
export async function run(config: Config, io: Io, listening?: (url: string) => void): Promise<number> {
  const log = createLog(io.stderr);
  const { host, port, webConfig } = config.server;
  const web = followWeb(webConfig, log);
  const app = opened(config, io, log);
  if (app === undefined) return EXIT.failed;
  const page = createPrometheusPage(app.publisher, app.self, (error) =>
    log.error({ err: error }, 'a snapshot could not be rendered; the last one stays'),
  );
  const startedAt = Date.now();
  const version = packageVersion();
  const server = createServer({
    metrics: page,
    ready: () => readinessOf(app),
    status: () => {
      const states = app.poller.states();
      return statusOf({ version, startedAt, now: Date.now(), ledger: app.ledger, states });
    },
    costs: (question) =>
      costsAt({ ledger: app.ledger, states: app.poller.states(), now: Date.now() }, question),
    now: Date.now,
    onError: (error) => log.error({ err: error }, 'a request failed: a bug of ours'),
    web,
  });
  try {
    const address = await server.listen({ host, port });
    const url = web?.current().tls ? address.replace(/^http:/, 'https:') : address;
    log.info({ url, version, accounts: config.accounts.length }, 'listening');
    listening?.(url);
    app.poller.start();
    await aborted(io.signal);
    log.info('stopping');
    return EXIT.good;
  } catch (error) {
    io.stderr.write(`${listenProblem(config, error)}\n`);
    return EXIT.failed;
  } finally {
    await server.close();
    page.close();
    await app.stop();
  }
}

function opened(config: Config, io: Io, log: Logger): App | undefined {
  const progress = createProgress(io.stderr, (name, done, total) =>
    log.info({ read: name, done, total }, 'reading'),
  );
  try {
    const build = { version: packageVersion(), revision: packageRevision() };
    return createApp({ ...build, config, now: Date.now, log, progress });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

/**
 * Ready once there is something to show: what the ledger held, or each feed's first try. Outages do not count, nor does a
 * wait that the provider asked for.
 */
function readinessOf(app: App): { ready: boolean; reason: string } {
  if (app.wasRestored) return { ready: true, reason: 'ready: the ledger was restored' };
  const now = Date.now();
  const untried = app.poller
    .states()
    .filter(({ last, feed }) => last === undefined && feed.client.notBefore() <= now);
  if (untried.length === 0) return { ready: true, reason: 'ready: each feed was tried' };
  const names = untried.map(({ feed: { labels } }) => `${labels.provider}/${labels.account} ${labels.feed}`);
  return { ready: false, reason: `not ready: not tried yet: ${names.join(', ')}` };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** https://nodejs.org/api/errors.html#common-system-errors */
function listenProblem({ server: { host, port } }: Config, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `${host}:${port} is in use by another program; stop it or set server.listen`;
  if (code === 'EACCES')
    return `this user may not listen on port ${port}; set server.listen to one above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is not an address of this machine; set server.listen`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
