import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, createApp } from '../app/app.ts';
import { HistoryPush } from '../app/history-push.ts';
import { openOtelPage, openOwnTelemetry, openPushes } from '../app/opentelemetry.ts';
import { Reloader } from '../app/reload.ts';
import { followWeb } from '../app/web-config.ts';
import type { Config } from '../config/config.ts';
import { PROVIDERS } from '../providers/index.ts';
import type { Logger } from '../runtime/log.ts';
import { createProgress } from '../runtime/progress.ts';
import type { Signals } from '../runtime/signals.ts';
import { packageRevision, packageVersion } from '../runtime/version.ts';
import { createServer } from '../server/server.ts';
import { createPrometheusPage } from '../sinks/prometheus/page.ts';
import type { Telemetry } from '../telemetry/open.ts';
import { afterFirstPolls, logFirstPolls, readinessOf } from './first-polls.ts';
import { EXIT, type Io, type ServeOptions } from './io.ts';
import { listenProblem } from './listen-problem.ts';
import { loadAndRedact } from './load-config.ts';
import { openLog, overrideLog } from './open-log.ts';

/** How long spans may take to be sent once everything else has ended. */
const GRACE_MS = 2000;

/** After a signal the process ends within 15 s. Each part has a shorter timeout of its own; this one is for the unforeseen. */
const SHUTDOWN_TIMEOUT_MS = 13_000;

export interface ServeIo extends Io, Pick<Signals, 'onHangUp' | 'onBackUp'> {}

/** Runs the exporter until the process is asked to end. */
export async function serve(options: ServeOptions, io: ServeIo): Promise<number> {
  const read = () => {
    const config = loadAndRedact(options.config, io, PROVIDERS);
    return { ...config, log: overrideLog(config.log, options) };
  };
  return run(read(), io, { ...io, ...(options.config !== undefined && { read }) });
}

export interface RunOptions extends Partial<Pick<Signals, 'onHangUp' | 'onBackUp'>> {
  readonly listening?: (url: string) => void;
  /** Called after the first poll of each feed. */
  readonly polled?: () => void;
  /** Reads the configuration again, for a reload. */
  readonly read?: () => Config;
}

/** Runs the exporter with a configuration, from a file or not. */
export async function run(config: Config, io: Io, options: RunOptions): Promise<number> {
  const exporter = await openExporter(config, io, options);
  const { app, log, reloader } = exporter;
  try {
    const url = await exporter.listen();
    log.info({ url, version: packageVersion(), accounts: config.accounts.length }, 'listening');
    options.listening?.(url);
    app.poller.start();
    options.onHangUp?.(() => void reloader.reload());
    options.onBackUp?.(() => void backUp(app, log));
    if (!io.signal.aborted) await once(io.signal, 'abort');
    log.info('stopping');
    return EXIT.good;
  } catch (error) {
    io.stderr.write(`${listenProblem(config.server, error)}\n`);
    return EXIT.failed;
  } finally {
    await withTimeout(SHUTDOWN_TIMEOUT_MS, log, exporter.close);
  }
}

/** @throws {StoreError} if the ledger cannot be used. */
async function openExporter(config: Config, io: Io, { read, polled }: RunOptions) {
  const { openTelemetry, server: listenOn } = config;
  let telemetry: Telemetry | undefined;
  const log = openLog(config.log, io, () => telemetry?.logFields() ?? {});
  const process = { version: packageVersion(), now: Date.now, log };
  for (const warning of openTelemetry.warnings) log.warn({ warning }, 'environment variable ignored');
  const web = followWeb(listenOn.webConfig, log);
  telemetry = await openOwnTelemetry(openTelemetry, process);
  const progress = createProgress(io.stderr, log);
  const wrapPoll = afterFirstPolls(
    () => app,
    telemetry?.wrapPoll,
    () => {
      logFirstPolls(app, log);
      history.start();
      polled?.();
    },
  );
  const app: App = createApp({ ...process, config, revision: packageRevision(), progress, wrapPoll });
  const history = new HistoryPush({ ...process, app, config });
  const pushes = await openPushes(openTelemetry, app, process);
  if (pushes) telemetry?.measure(pushes.meterProvider);
  const otelPage = await openOtelPage(openTelemetry, app, process);
  const page = createPrometheusPage(app.publisher, app.self, (error) =>
    log.error({ err: error }, 'rendering /metrics failed; serving the previous page'),
  );
  const reloader = new Reloader({ started: config, read, app, log, now: Date.now });
  const server = createServer({
    metrics: page,
    otelMetrics: otelPage,
    ready: readinessOf(app),
    status: () => app.status(),
    overview: () => app.overview(),
    costs: (question) => app.costs(question),
    series: (question) => app.series(question),
    resources: () => app.resources(),
    focus: (range) => app.focus(range),
    now: Date.now,
    ...(listenOn.enableReload && { reload: reloadOf(reloader, page) }),
    onError: (error) => log.error({ err: error }, 'request failed: internal error'),
    web,
  });
  const listen = async () => {
    const address = await server.listen({ host: listenOn.host, port: listenOn.port });
    return web?.current().tls ? address.replace(/^http:/, 'https:') : address;
  };
  const close = async () => {
    progress.stop();
    await server.close();
    await reloader.stop();
    await history.stop();
    page.close();
    otelPage?.close();
    await app.stop(pushes?.stop);
    await telemetry?.stop(GRACE_MS);
  };
  return { app, log, reloader, listen, close };
}

/** Reloads, and resolves once the page shows it. */
function reloadOf(reloader: Reloader, page: ReturnType<typeof createPrometheusPage>) {
  return async () => {
    const outcome = await reloader.reload();
    await page.upToDate();
    return outcome;
  };
}

async function backUp(app: App, log: Logger): Promise<void> {
  try {
    log.info({ file: await app.backUp() }, 'ledger backed up');
  } catch (error) {
    log.warn({ err: error }, 'ledger backup failed');
  }
}

/** Abandons whatever hangs: everything that was read is already in the ledger. */
async function withTimeout(ms: number, log: Logger, close: () => Promise<void>): Promise<void> {
  const closed = new AbortController();
  const timedOut = sleep(ms, true, { signal: closed.signal }).catch(() => false);
  try {
    if (await Promise.race([close(), timedOut])) log.warn({ ms }, 'shutdown timed out; exiting anyway');
  } finally {
    closed.abort();
  }
}
