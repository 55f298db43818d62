import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type AppOptions, createApp } from '../app/app.ts';
import { costsAt } from '../app/costs.ts';
import { openOtelPage, openOwnTelemetry, openPushes } from '../app/opentelemetry.ts';
import { createReloader } from '../app/reload.ts';
import { statusOf } from '../app/status.ts';
import { followWeb } from '../app/web-config.ts';
import type { Config } from '../config/config.ts';
import { PROVIDERS } from '../providers/index.ts';
import { createLog, type Logger } from '../runtime/log.ts';
import { createProgress } from '../runtime/progress.ts';
import type { Signals } from '../runtime/signals.ts';
import { packageRevision, packageVersion } from '../runtime/version.ts';
import { createServer, type Readiness } from '../server/server.ts';
import { createPrometheusPage } from '../sinks/prometheus/page.ts';
import { StoreError } from '../store/open.ts';
import type { Telemetry } from '../telemetry/open.ts';
import { configured } from './configured.ts';
import { EXIT, type Io } from './io.ts';
import type { ServeOptions } from './options.ts';

/** How long spans may take to leave once everything else has ended. */
const GRACE_MS = 2000;

/** After a signal the process is gone within 15 s. Each part has a shorter time of its own: this is for what nobody thought of. */
const LONGEST_END_MS = 13_000;

/** What a daemon has of the outside world. */
export interface ServeIo extends Io, Pick<Signals, 'onHangUp' | 'onBackUp'> {}

/** Runs the exporter until the process is asked to end. */
export async function serve(options: ServeOptions, io: ServeIo): Promise<number> {
  const read = () => configured(options.config, io, PROVIDERS);
  return run(read(), io, { ...io, ...(options.config !== undefined && { read }) });
}

/** What else there is to running: each is left out where it makes no sense. */
export interface RunOptions extends Partial<Pick<Signals, 'onHangUp' | 'onBackUp'>> {
  /** Hears where it listens. */
  readonly listening?: (url: string) => void;
  /** Reads the configuration again, at a hang-up or by HTTP. */
  readonly read?: () => Config;
}

/** Runs the exporter with a configuration that was read, or made. */
export async function run(
  config: Config,
  io: Io,
  { listening, read, onHangUp, onBackUp }: RunOptions,
): Promise<number> {
  let own: Telemetry | undefined;
  const log = createLog(io.vault.over(io.stderr), () => own?.logFields() ?? {});
  const version = packageVersion();
  const process = { version, now: Date.now, log };
  for (const warning of config.openTelemetry.warnings) log.warn({ warning }, 'not followed');
  const { host, port, webConfig } = config.server;
  const web = followWeb(webConfig, log);
  own = await openOwnTelemetry(config.openTelemetry, process);
  const progress = createProgress(io.stderr, (name, done, total) =>
    log.info({ read: name, done, total }, 'reading'),
  );
  const app = opened(config, io, { log, progress, ...(own && { wrapPoll: own.wrapPoll }) });
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
  const reloader = createReloader({ started: config, read, app, log, now: Date.now });
  const readiness = readinessOf(app);
  const server = createServer({
    metrics: page,
    otelMetrics: otelPage,
    ready: readiness,
    status: () => {
      const states = app.poller.states();
      const warnings = app.warnings();
      return statusOf({ version, startedAt, now: Date.now(), ledger: app.ledger, states, warnings });
    },
    costs: (question) =>
      costsAt({ ledger: app.ledger, states: app.poller.states(), now: Date.now() }, question),
    now: Date.now,
    ...(config.server.enableReload && { reload: reloader.reload }),
    onError: (error) => log.error({ err: error }, 'a request failed: a bug of ours'),
    web,
  });
  try {
    const address = await server.listen({ host, port });
    const url = web?.current().tls ? address.replace(/^http:/, 'https:') : address;
    log.info({ url, version, accounts: config.accounts.length }, 'listening');
    listening?.(url);
    app.poller.start();
    onHangUp?.(() => void reloader.reload());
    onBackUp?.(() => void backUp(app, log));
    await aborted(io.signal);
    log.info('stopping');
    return EXIT.good;
  } catch (error) {
    io.stderr.write(`${listenProblem(config, error)}\n`);
    return EXIT.failed;
  } finally {
    progress.stop();
    await within(LONGEST_END_MS, log, async () => {
      await server.close();
      await reloader.stop();
      page.close();
      otelPage?.close();
      await app.stop(pushes?.stop);
      await own?.stop(GRACE_MS);
    });
  }
}

async function backUp(app: App, log: Logger): Promise<void> {
  try {
    log.info({ file: await app.backUp() }, 'the ledger was backed up');
  } catch (error) {
    log.warn({ err: error }, 'the ledger was not backed up');
  }
}

/** Whatever hangs is left behind: what was read is in the ledger already. */
async function within(ms: number, log: Logger, end: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const isLate = sleep(ms, true, { signal: over.signal }).catch(() => false);
  try {
    if (await Promise.race([end(), isLate]))
      log.warn({ ms }, 'not everything ended in time: the rest is left');
  } finally {
    over.abort();
  }
}

function opened(
  config: Config,
  io: Io,
  listeners: Pick<AppOptions, 'log' | 'progress' | 'wrapPoll'>,
): App | undefined {
  try {
    const build = { version: packageVersion(), revision: packageRevision() };
    return createApp({ ...build, ...listeners, config, now: Date.now });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

/**
 * Ready once, and from then on, there is something to show: what the ledger held, or each feed's first try. Outages do not count,
 * nor does a wait that the provider asked for, nor an account that a reload adds.
 */
function readinessOf(app: App): () => Readiness {
  let known = app.wasRestored ? { ready: true, reason: 'ready: the ledger was restored' } : undefined;
  return () => {
    const now = known ?? triedBy(app);
    if (now.ready) known = now;
    return now;
  };
}

function triedBy(app: App): Readiness {
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
