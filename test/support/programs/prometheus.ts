import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { type Ended, run, startDaemon } from '../exporter/child.ts';
import { onEnd, PATIENCE_MS } from '../exporter/process.ts';
import { binary } from './binaries.ts';

/** A page to scrape. */
export interface ScrapeTarget {
  /** `host:port`. */
  readonly address: string;
  /** The `job` label; `test` by default. */
  readonly job?: string;
  /** `/metrics` by default. */
  readonly path?: string;
  /** Scrape protocols in order of preference; Prometheus's own list by default. */
  readonly protocols?: readonly ('PrometheusText0.0.4' | 'OpenMetricsText1.0.0')[];
  /** Further keys of Prometheus's `scrape_config`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Configuration of a Prometheus. */
export interface PrometheusOptions {
  readonly targets: readonly ScrapeTarget[];
  /** Time between two scrapes, and between two rule evaluations; 200 by default. */
  readonly intervalMs?: number;
  /** Paths of rule files. */
  readonly rules?: readonly string[];
  /** Alertmanagers, as `host:port`. */
  readonly alertmanagers?: readonly string[];
  /** Further command line flags. */
  readonly flags?: readonly string[];
  /** Path of a file in OpenMetrics with timestamps, for which it has blocks from the start. */
  readonly history?: string;
  /** How old samples may be that come out of order, such as `400d`; none by default. */
  readonly outOfOrderWindow?: string;
}

const Labels = z.record(z.string(), z.string());

/** One series of an answer; `value` is the text that Prometheus wrote. */
const Vector = z
  .array(z.object({ metric: Labels, value: z.tuple([z.number(), z.string()]) }))
  .transform((series) =>
    series.map(({ metric, value: [at, value] }) => ({ labels: metric, at: at * 1000, value })),
  );
const Matrix = z
  .array(z.object({ metric: Labels, values: z.array(z.tuple([z.number(), z.string()])) }))
  .transform((series) =>
    series.map(({ metric, values }) => ({
      labels: metric,
      values: values.map(([at, value]) => ({ at: at * 1000, value })),
    })),
  );
const Targets = z
  .object({
    activeTargets: z.array(
      z.object({
        labels: Labels,
        health: z.enum(['up', 'down', 'unknown']),
        lastError: z.string(),
        lastScrape: z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
      }),
    ),
  })
  .transform(({ activeTargets }) => activeTargets);

/** The value of a series at one instant. */
export type VectorSeries = z.infer<typeof Vector>[number];
/** The values of a series over a range. */
export type MatrixSeries = z.infer<typeof Matrix>[number];
/** The status of a scrape target. */
export type TargetStatus = z.infer<typeof Targets>[number];

/** A real Prometheus that runs until its test ends. Instants are milliseconds since the epoch. */
export interface Prometheus {
  readonly url: string;
  /** Evaluates an expression now, or at an instant. */
  query(promql: string, at?: number): Promise<VectorSeries[]>;
  queryRange(promql: string, range: { start: number; end: number; stepMs: number }): Promise<MatrixSeries[]>;
  /** The label sets of the last hour that match a selector, `__name__` included. */
  series(selector: string): Promise<Record<string, string>[]>;
  targets(): Promise<TargetStatus[]>;
  /** Waits until each target was scraped by a scrape that began after this call; returns their status. */
  scraped(): Promise<TargetStatus[]>;
  log(): string;
  /** Stops it before its test ends. */
  stop(): Promise<void>;
}

/**
 * Starts a Prometheus with an empty database on a free port of the loopback interface, and waits until it is ready. The end
 * of the test stops it and removes its files.
 *
 * Its first scrape comes five seconds later, which no flag shortens: give one Prometheus several targets rather than starting several.
 */
export async function startPrometheus(context: TestContext, options: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  onEnd(context, () => rm(folder, { recursive: true, force: true }));
  const configuration = join(folder, 'prometheus.yml');
  await writeFile(configuration, JSON.stringify(configurationOf(options))); // JSON is YAML
  const data = join(folder, 'data');
  if (options.history !== undefined) await createBlocks(options.history, data);
  const daemon = await startDaemon({
    path: await required('prometheus'),
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=10y',
      '--web.listen-address=127.0.0.1:0',
      ...(options.flags ?? []),
    ],
    listening: /Listening on"?.*? address=(127\.0\.0\.1:\d+)/,
  });
  onEnd(context, () => daemon.stop());
  const url = `http://${daemon.address}`;
  await until(async () => (await fetch(`${url}/-/ready`)).ok, 'Prometheus is ready', daemon.log);
  return { url, ...api(url, daemon.log), log: daemon.log, stop: daemon.stop };
}

async function createBlocks(history: string, data: string): Promise<void> {
  // Shorter blocks take promtool a pass over the file each.
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', '--max-block-duration=486h'];
  const { code, output } = await run(await required('promtool'), [...args, history, data], {
    timeoutMs: 300_000,
  });
  if (code !== 0) throw new Error(`promtool creates no blocks: ${output}`);
}

function configurationOf(options: PrometheusOptions): unknown {
  const { targets, intervalMs = 200, rules = [], alertmanagers = [], outOfOrderWindow } = options;
  const interval = `${intervalMs}ms`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    ...(outOfOrderWindow && { storage: { tsdb: { out_of_order_time_window: outOfOrderWindow } } }),
    rule_files: rules,
    alerting: { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] },
    scrape_configs: targets.map(({ address, job = 'test', path = '/metrics', protocols, more }) => ({
      job_name: job,
      metrics_path: path,
      static_configs: [{ targets: [address] }],
      ...(protocols === undefined ? {} : { scrape_protocols: protocols }),
      ...more,
    })),
  };
}

type Api = Pick<Prometheus, 'query' | 'queryRange' | 'series' | 'targets' | 'scraped'>;

function api(url: string, log: () => string): Api {
  const ask = async <Data>(
    path: string,
    query: Record<string, string>,
    data: z.ZodType<Data>,
  ): Promise<Data> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const body = await response.text();
    if (!response.ok) throw new Error(`Prometheus answers ${response.status} to ${path}: ${body}`);
    return z.object({ status: z.literal('success'), data }).parse(JSON.parse(body)).data;
  };
  const targets = () => ask('targets', { state: 'active' }, Targets);
  return {
    targets,
    query: async (query, at) => {
      const Answer = z.object({ resultType: z.literal('vector'), result: Vector });
      return (await ask('query', { query, ...(at === undefined ? {} : { time: seconds(at) }) }, Answer))
        .result;
    },
    queryRange: async (query, { start, end, stepMs }) => {
      const Answer = z.object({ resultType: z.literal('matrix'), result: Matrix });
      const range = { start: seconds(start), end: seconds(end), step: seconds(stepMs) };
      return (await ask('query_range', { query, ...range }, Answer)).result;
    },
    series: (selector) =>
      ask('series', { 'match[]': selector, start: seconds(Date.now() - 3_600_000) }, z.array(Labels)),
    scraped: async () => {
      const since = Date.now();
      const isFresh = ({ lastScrape, health }: TargetStatus) => lastScrape > since && health !== 'unknown';
      let seen: TargetStatus[] = [];
      const all = async () => {
        seen = await targets();
        return seen.length > 0 && seen.every(isFresh);
      };
      await until(all, 'every page is scraped', log);
      return seen;
    },
  };
}

function seconds(ms: number): string {
  return String(ms / 1000);
}

async function until(condition: () => Promise<boolean>, what: string, log: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}\n${log()}`);
    await wait(50);
  }
}

/** The result of `promtool check metrics` for a page in the text format: exit code 0 if it finds no problem. */
export async function promtoolCheckMetrics(page: string): Promise<Ended> {
  return run(await required('promtool'), ['check', 'metrics'], { input: page });
}

async function required(name: 'prometheus' | 'promtool'): Promise<string> {
  const path = await binary(name);
  if (path === undefined) throw new Error(`${name} is not available: use realServerTest`);
  return path;
}
