import { type App, type AppOptions, createApp } from '../app.ts';
import type { ServeOptions } from '../cli.ts';
import type { Config } from '../config/config.ts';
import { costsAt } from '../costs.ts';
import { createLog, type Logger } from '../log.ts';
import { openOtelPage, openOwnTelemetry, openPushes } from '../opentelemetry.ts';
import { createProgress } from '../progress.ts';
import { PROVIDERS } from '../providers/index.ts';
import { createServer } from '../server/server.ts';
import { createPrometheusPage } from '../sinks/prometheus/page.ts';
import { statusOf } from '../status.ts';
import { StoreError } from '../store/open.ts';
import type { Telemetry } from '../telemetry/open.ts';
import { packageRevision, packageVersion } from '../version.ts';
import { configured } from './configured.ts';
import { EXIT, type Io } from './io.ts';

/** How long spans may take to leave once everything else has ended. */
const GRACE_MS = 2000;

/** Runs the exporter until the process is asked to end. */
export async function serve(options: ServeOptions, io: Io): Promise<number> {
  return run(configured(options.config, io, PROVIDERS), io);
}

/** Runs the exporter with a configuration that was read, or made. `listening` hears where. */
export async function run(config: Config, io: Io, listening?: (url: string) => void): Promise<number> {
  let own: Telemetry | undefined;
  const log = createLog(io.vault.over(io.stderr), () => own?.logFields() ?? {});
  const version = packageVersion();
  const process = { version, now: Date.now, log };
  for (const warning of config.openTelemetry.warnings) log.warn({ warning }, 'not followed');
  own = await openOwnTelemetry(config.openTelemetry, process);
  const app = opened(config, io, log, own?.around);
  if (app === undefined) {
    await own?.stop(0);
    return EXIT.failed;
  }
  const pushes = await openPushes(config.openTelemetry, app, process);
  if (pushes) own?.measure(pushes.meterProvider);
  const otelPage = await openOtelPage(config.openTelemetry, app, process);
  const page = createPrometheusPage(app.publisher, app.self, (error) =>
    log.error({ err: error }, 'a snapshot could not be rendered; the last one stays'),
  );
  const startedAt = Date.now();
  const server = createServer({
    metrics: page,
    otelMetrics: otelPage,
    ready: () => readinessOf(app),
    status: () => {
      const states = app.poller.states();
      return statusOf({ version, startedAt, now: Date.now(), ledger: app.ledger, states });
    },
    costs: (question) =>
      costsAt({ ledger: app.ledger, states: app.poller.states(), now: Date.now() }, question),
    now: Date.now,
    onError: (error) => log.error({ err: error }, 'a request failed: a bug of ours'),
  });
  try {
    const url = await server.listen(config.server);
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
    otelPage?.close();
    await app.stop(pushes?.stop);
    await own?.stop(GRACE_MS);
  }
}

function opened(config: Config, io: Io, log: Logger, around: AppOptions['around']): App | undefined {
  const progress = createProgress(io.stderr, (name, done, total) =>
    log.info({ read: name, done, total }, 'reading'),
  );
  try {
    const build = { version: packageVersion(), revision: packageRevision() };
    return createApp({ ...build, config, now: Date.now, log, progress, ...(around && { around }) });
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
