import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { Counter, Gauge, Registry } from 'prom-client';
import { Publisher } from '../../src/app/publisher.ts';
import type { Family } from '../../src/core/metrics/snapshot.ts';
import { createServer, type MetricsPage } from '../../src/server/server.ts';
import { openWebSource } from '../../src/server/web/source.ts';
import { createPrometheusPage } from '../../src/sinks/prometheus/page.ts';
import { createSelfMetrics } from '../../src/sinks/prometheus/self.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { ledgerOf, NOW } from './bill.ts';
import { send, serveCommands } from './child.ts';
import { type LoopWatch, watchLoop } from './turns.ts';

/**
 * Serves the same series from the same HTTP server: `ours` as `serve` does, `prom-client` by its registry's `metrics()` at
 * each scrape; with a web configuration if given. Reports the event-loop blocks caused by scrapes.
 */
const [variant, series = '', webConfig] = process.argv.slice(2);
const { ledger } = ledgerOf(sqliteStore(openDatabase(':memory:')), Number(series));

const server = createServer({
  metrics: variant === 'ours' ? ourPage() : promClientPage(ledger.publish(NOW).families),
  ready: () => ({ ready: true, reason: 'ready' }),
  status: unasked,
  overview: unasked,
  costs: unasked,
  series: unasked,
  resources: unasked,
  focus: unasked,
  now: () => NOW,
  onError: (error) => console.error(error),
  web:
    webConfig === undefined
      ? undefined
      : openWebSource({ file: webConfig, now: () => performance.now(), onChange: () => {} }),
});
server.addHook('onRequest', async (_request, reply) => {
  turns?.longest();
  reply.raw.once('finish', () => longest.push(turns?.longest() ?? 0));
});
const url = await server.listen({ host: '127.0.0.1', port: 0 });

function unasked(): never {
  throw new Error('not asked for');
}

function ourPage(): MetricsPage {
  const failed = (error: unknown) => console.error(error);
  const publisher = new Publisher({ ledger, now: () => NOW, zeroForMs: () => 0, failed });
  const self = createSelfMetrics({ version: '0', revision: 'bench', failureReasons: ['network'] });
  publisher.publish();
  return createPrometheusPage(publisher, self, failed);
}

const gzip = promisify(gzipCallback);

function promClientPage(families: readonly Family[]): MetricsPage {
  const registry = registryOf(families);
  return {
    async answer({ acceptEncoding }) {
      const text = Buffer.from(await registry.metrics());
      const zipped = acceptEncoding === 'gzip';
      const body = zipped ? await gzip(text) : text;
      const encoding: Record<string, string> = zipped ? { 'content-encoding': 'gzip' } : {};
      const headers = {
        'content-type': registry.contentType,
        'content-length': String(body.length),
        ...encoding,
      };
      return { headers, body: [body], carried: () => {} };
    },
  };
}

function registryOf(families: readonly Family[]): Registry {
  const registry = new Registry();
  for (const { name, type, help, labels, samples } of families) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const counter = type === 'counter' ? new Counter(options) : undefined;
    const gauge = counter ? undefined : new Gauge(options);
    for (const { labels: values, value } of samples) {
      const named = Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
      counter?.inc(named, value);
      gauge?.set(named, value);
    }
  }
  return registry;
}

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let before = process.threadCpuUsage();
let turns: LoopWatch | undefined;
let longest: number[] = [];
serveCommands({
  watch() {
    longest = [];
    turns = watchLoop();
    return {};
  },
  watched() {
    turns?.stop();
    turns = undefined;
    return { longest };
  },
  begin() {
    globalThis.gc?.();
    delay.reset();
    before = process.threadCpuUsage();
    return {};
  },
  end() {
    const { user, system } = process.threadCpuUsage(before);
    return { activeMs: (user + system) / 1000, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 };
  },
});
send({ url });
