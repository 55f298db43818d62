import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from '../../../src/app/app.ts';
import { openOtelPage, openPushes } from '../../../src/app/opentelemetry.ts';
import type { Account, Config } from '../../../src/config/config.ts';
import type { OpenTelemetry } from '../../../src/config/otel/open-telemetry.ts';
import { NO_OPEN_TELEMETRY } from '../../../src/config/otel/open-telemetry.ts';
import type { SnapshotSource } from '../../../src/core/metrics/snapshot.ts';
import type { Budget } from '../../../src/core/reports/budget.ts';
import { DAY, type Instant, SECOND } from '../../../src/core/values/time.ts';
import type { PollOutcome } from '../../../src/poll/poll-outcome.ts';
import type { Provider } from '../../../src/providers/api/provider.ts';
import { DEFAULT_RATES } from '../../../src/providers/index.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { createServer } from '../../../src/server/server.ts';
import { createPrometheusPage } from '../../../src/sinks/prometheus/page.ts';
import {
  type Exposition,
  type ExpositionFormat,
  type Labels,
  parseExposition,
} from '../exposition/exposition.ts';
import { providerById } from '../providers/provider-by-id.ts';
import type { Scope } from './process.ts';

/** Our own clock. Waiting moves it: nothing in a test waits for real. */
export interface OwnClock {
  now(): Instant;
  /** A promise if another process's clock has to move with it. */
  advance(byMs: number): void | Promise<void>;
}

/** One account, at a simulator. */
export interface ExporterAccount {
  readonly provider: string;
  /** Replaces the registered provider. */
  readonly definition?: Provider<unknown>;
  /** `test` when absent. */
  readonly name?: string;
  readonly url: string;
  readonly key: string;
  readonly since?: Instant;
  /** 30 seconds when absent. */
  readonly timeoutMs?: number;
  /** The provider's own keys, as in the configuration file. */
  readonly config?: unknown;
  /** Entries of the provider's own list, such as price probes. */
  readonly entries?: readonly unknown[];
}

/** A parsed page and its text. */
export interface Scrape extends Exposition {
  readonly text: string;
  /** Adds up the samples of that name whose labels hold all of `matching`. */
  sum(name: string, matching?: Labels): number;
}

/** How the poll of one feed ended. */
export interface Polled {
  readonly provider: string;
  readonly account: string;
  readonly feed: string;
  readonly outcome: PollOutcome;
}

/** The exporter as `serve` composes it, without schedules, with its own ledger file. */
export interface Exporter {
  readonly url: string;
  pollAll(): Promise<readonly Polled[]>;
  /** The page over HTTP, as currently served. */
  scrape(format?: ExpositionFormat, gzip?: boolean): Promise<Scrape>;
  /** The page with everything that was polled, once the zeros of new series were exposed. */
  fresh(): Promise<Scrape>;
  /** The text of the page that shows new series at 0, and of the one after it. */
  pages(): Promise<readonly [string, string]>;
  /** Pushes to every receiver, and waits until all have answered. */
  push(): Promise<void>;
  /** What the exporter does by itself every hour. */
  maintain(): void;
  /** Closes it and opens it again on the same file. */
  restart(): Promise<void>;
  /** Everything logged so far, restarts included. */
  log(): string;
}

/** Configuration beyond the accounts. */
export interface ExporterOptions {
  readonly budgets?: readonly Budget[];
  readonly maxSeries?: number;
  /** Off when absent. */
  readonly openTelemetry?: Partial<OpenTelemetry>;
  /** The ledger's file, which is kept; by default a temporary one. */
  readonly ledger?: string;
  /** Shown by page and metrics; `0.0.0` by default. */
  readonly version?: string;
  /** Receives log lines, which are then not kept. */
  readonly logged?: (line: string) => void;
}

/** Starts the real exporter against simulators. It ends with its scope. */
export async function startExporter(
  scope: Scope,
  clock: OwnClock,
  accounts: readonly ExporterAccount[],
  more: ExporterOptions = {},
): Promise<Exporter> {
  const folder = more.ledger === undefined ? await mkdtemp(join(tmpdir(), 'exporter-')) : undefined;
  const { budgets = [], maxSeries = 10_000, version = '0.0.0' } = more;
  const known = configOf(accounts, more.ledger ?? join(folder ?? '', 'ledger.db'));
  const openTelemetry = { ...known.openTelemetry, ...more.openTelemetry };
  const config = { ...known, budgets, metrics: { ...known.metrics, maxSeries }, openTelemetry };
  let log = '';
  const remember = (line: string) => {
    log += line;
  };
  const write = more.logged ?? remember;
  let running = await open(config, clock, { version, write });
  scope.after(async () => {
    await running.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  return {
    get url() {
      return running.url;
    },
    async pollAll() {
      const polled = await pollAll(running.app);
      // What the publisher does in the background, done at once to keep tests deterministic.
      while (running.app.ledger.preloadHistory(clock.now()));
      return polled;
    },
    scrape: (format = 'text', gzip = false) => scrape(running.url, format, gzip),
    async fresh() {
      // The first page shows new series at 0; only then may they show their values.
      await running.publishedText();
      return scrapeOf(await running.publishedText(), 'text');
    },
    pages: async () => [await running.publishedText(), await running.publishedText()],
    push: () => running.push(),
    maintain: () => running.app.ledger.maintain(clock.now()),
    async restart() {
      await running.stop();
      running = await open(config, clock, { version, write });
    },
    log: () => log,
  };
}

function configOf(accounts: readonly ExporterAccount[], path: string): Config {
  return {
    server: { host: '127.0.0.1', port: 0, enableReload: false },
    state: { path },
    log: { level: 'info' },
    metrics: { newSeriesZeroMs: 0, maxSeries: 10_000 },
    accounts: accounts.map(accountOf),
    budgets: [],
    currencies: DEFAULT_RATES,
    openTelemetry: NO_OPEN_TELEMETRY,
  };
}

function accountOf({ url, key, since, config = {}, entries = [], ...given }: ExporterAccount): Account {
  const provider = given.definition ?? providerById(given.provider);
  if (!provider) throw new Error(`there is no provider ${given.provider}`);
  const { section } = provider;
  const own = provider.config.parse(config);
  return {
    provider,
    name: given.name ?? 'test',
    baseUrl: url,
    key: () => key,
    keySource: 'the test',
    since,
    timeoutMs: given.timeoutMs ?? 30 * SECOND,
    schedule: {},
    config: section
      ? section.into(
          own,
          entries.map((entry) => section.entry.parse(entry)),
        )
      : own,
  };
}

interface Running {
  readonly app: App;
  readonly url: string;
  /** Publishes, and scrapes until what was published is what is served. */
  publishedText(): Promise<string>;
  push(): Promise<void>;
  stop(): Promise<void>;
}

async function open(
  config: Config,
  clock: OwnClock,
  { version, write }: { readonly version: string; write(line: string): void },
): Promise<Running> {
  const log = createLog({ write });
  const now = () => clock.now();
  const app = createApp({
    config,
    version,
    revision: 'test',
    now,
    log,
    progress: { update() {}, end() {}, stop() {} },
    wait: async (ms) => await clock.advance(ms),
  });
  const { source, carried } = watched(app.publisher);
  const process = { version, now, log };
  const pushes = await openPushes(config.openTelemetry, app, process);
  const otelPage = await openOtelPage(config.openTelemetry, app, process);
  const page = createPrometheusPage(source, app.self, (error) => log.error({ err: error }, 'not rendered'));
  const server = createServer({
    metrics: page,
    otelMetrics: otelPage,
    ready: () => ({ ready: true, reason: 'ready' }),
    status: () => app.status(),
    overview: () => app.overview(),
    costs: (question) => app.costs(question),
    series: (question) => app.series(question),
    resources: () => app.resources(),
    focus: (range) => app.focus(range),
    now,
    onError: (error) => log.error({ err: error }, 'a request failed'),
  });
  const url = await server.listen(config.server);
  return {
    app,
    url,
    async publishedText() {
      app.publisher.publish();
      const { version } = app.publisher.current();
      for (;;) {
        const next = carried();
        const text = await scrapeText(url, 'text', false);
        if ((await next) >= version) return text;
      }
    },
    async push() {
      await pushes?.flush();
    },
    async stop() {
      await server.close();
      page.close();
      otelPage?.close();
      await app.stop(pushes?.stop);
    },
  };
}

/** Tracks the version of the page that was served last. */
function watched(publisher: SnapshotSource): { source: SnapshotSource; carried: () => Promise<number> } {
  let waiting: ((version: number) => void)[] = [];
  const source: SnapshotSource = {
    current: () => publisher.current(),
    subscribe: (listener) => publisher.subscribe(listener),
    carried(snapshot) {
      publisher.carried(snapshot);
      for (const tell of waiting.splice(0)) tell(snapshot.version);
    },
  };
  const carried = () =>
    new Promise<number>((resolve) => {
      waiting = [...waiting, resolve];
    });
  return { source, carried };
}

async function pollAll({ poller }: App): Promise<Polled[]> {
  const outcomes = await poller.pollAll();
  return poller.states().flatMap(({ feed: { labels } }, index) => {
    const outcome = outcomes[index];
    return outcome ? [{ ...labels, outcome }] : [];
  });
}

const ACCEPT: Record<ExpositionFormat, string> = {
  text: 'text/plain;version=0.0.4',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
};

async function scrape(url: string, format: ExpositionFormat, gzip: boolean): Promise<Scrape> {
  return scrapeOf(await scrapeText(url, format, gzip), format);
}

async function scrapeText(url: string, format: ExpositionFormat, gzip: boolean): Promise<string> {
  const headers = { accept: ACCEPT[format], 'accept-encoding': gzip ? 'gzip' : 'identity' };
  const response = await fetch(`${url}/metrics`, { headers });
  const text = await response.text();
  const encoding = response.headers.get('content-encoding');
  const type = response.headers.get('content-type') ?? '';
  if (response.status !== 200 || encoding !== (gzip ? 'gzip' : null) || !type.startsWith(mediaOf(format)))
    throw new Error(`asked for ${format}, gzip ${gzip}: ${response.status} ${type} ${encoding}`);
  return text;
}

/** A page, read. */
export function scrapeOf(text: string, format: ExpositionFormat): Scrape {
  const exposition = parseExposition(text, format);
  const samples = [...exposition.families.values()].flatMap((family) => family.samples);
  return {
    ...exposition,
    text,
    sum: (name, matching = {}) =>
      samples
        .filter((sample) => sample.name === name && holdsAll(sample.labels, matching))
        .reduce((total, { value }) => total + value, 0),
  };
}

function mediaOf(format: ExpositionFormat): string {
  return ACCEPT[format].split(';', 1)[0] ?? '';
}

function holdsAll(labels: Labels, matching: Labels): boolean {
  return Object.entries(matching).every(([name, value]) => (labels[name] ?? '') === value);
}

/** The first instant of the UTC windows that the exporter shows, and of what follows them. */
export function windowsAt(now: Instant) {
  const at = new Date(now);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const today = Date.UTC(year, month, day);
  const thisMonth = Date.UTC(year, month, 1);
  return {
    today: { start: today, end: today + DAY },
    yesterday: { start: today - DAY, end: today },
    month_to_date: { start: thisMonth, end: Date.UTC(year, month + 1, 1) },
    last_month: { start: Date.UTC(year, month - 1, 1), end: thisMonth },
  };
}
