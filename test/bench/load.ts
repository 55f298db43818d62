import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { freePort, listenOnLoopback } from '../support/exporter/loopback.ts';
import { resultOf } from './child.ts';
import { openClient, type ScrapeClient } from './client.ts';
import { bounded, type Figure, info, rounded, tableOf } from './figure.ts';

/**
 * Scrapes the program itself 200 times a second, gzipped, for as many seconds as the command line says, and prints what came of it.
 * Its provider answers 503 every fifteen seconds, and each failure is published.
 */
const SECONDS = Number(process.argv[2] ?? 60);
const PER_SECOND = 200;
const SERIES = 10_000;
/** As many scrapes may be under way; more wait, and their waiting counts. */
const CONNECTIONS = 32;
const PROGRAM = join(import.meta.dirname, '../../bin/ai-billing-exporter.js');

interface Load {
  /** From the instant a scrape was due to its last byte, sorted. */
  readonly sinceDue: readonly number[];
  /** From its request to its last byte, sorted. */
  readonly sinceSent: readonly number[];
  readonly errors: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

const folder = await mkdtemp(join(tmpdir(), 'load-'));
const provider = createServer((_request, response) => response.writeHead(503).end());
const providerPort = await listenOnLoopback(provider);
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
await resultOf('load-ledger.ts', [join(folder, 'ledger.db'), `${SERIES}`], z.object({}));
const file = await configured();
const exporter = spawn(process.execPath, [PROGRAM, 'serve', '--config', file], {
  stdio: 'ignore',
});
try {
  await answers();
  const before = await pageOf();
  const load = await scrapeSteadily();
  const after = await pageOf();
  const machine = `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}`;
  const busy = loadavg().map((value) => value.toFixed(1));
  console.log(`Node.js ${process.version}, ${machine}; load average ${busy.join(', ')}\n`);
  console.log(tableOf(figuresOf(load, after.series, after.cpu - before.cpu)));
} finally {
  exporter.kill('SIGKILL');
  provider.closeAllConnections();
  provider.close();
  await rm(folder, { recursive: true, force: true });
}

async function configured(): Promise<string> {
  const path = join(folder, 'config.yml');
  const account = {
    provider: 'baseten',
    name: 'production',
    apiKey: 'none',
    baseUrl: `http://127.0.0.1:${providerPort}`,
    schedule: '*/15 * * * * *',
  };
  const config = {
    server: { listen: `127.0.0.1:${port}` },
    state: { path: join(folder, 'ledger.db') },
    metrics: { maxSeries: 1_000_000 },
    accounts: [account],
  };
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function answers(): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error('the exporter does not answer');
}

/** What the page says of itself: its lines, and the seconds of processor time the process took. */
async function pageOf(): Promise<{ series: number; cpu: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const cpu = lines.find((line) => line.startsWith('process_cpu_seconds_total '))?.split(' ')[1];
  return { series: lines.length, cpu: Number(cpu) };
}

async function scrapeSteadily(): Promise<Load> {
  const idle = await Promise.all(Array.from({ length: CONNECTIONS }, () => openClient(url, 'gzip')));
  for (const client of idle) await client.scrape();
  const waiting: ((client: ScrapeClient) => void)[] = [];
  const [sinceDue, sinceSent, errors]: [number[], number[], string[]] = [[], [], []];
  let bytes = 0;
  const scrapeOnce = async (due: number) => {
    const startedAt = Math.min(due, performance.now());
    const client = idle.pop() ?? (await new Promise<ScrapeClient>((resolve) => waiting.push(resolve)));
    try {
      const scraped = await client.scrape();
      sinceDue.push(performance.now() - startedAt);
      sinceSent.push(scraped.ms);
      bytes += scraped.bytes;
    } catch (error) {
      errors.push(String(error));
    }
    const next = waiting.shift();
    if (next) next(client);
    else idle.push(client);
  };
  const startedAt = performance.now();
  const all: Promise<void>[] = [];
  for (let count = 0; count < SECONDS * PER_SECOND; count += 1) {
    const due = startedAt + (count * 1000) / PER_SECOND;
    if (due > performance.now()) await sleep(due - performance.now());
    all.push(scrapeOnce(due));
  }
  await Promise.all(all);
  const seconds = (performance.now() - startedAt) / 1000;
  for (const client of idle) client.close();
  const ascending = (values: number[]) => values.sort((a, b) => a - b);
  return { sinceDue: ascending(sinceDue), sinceSent: ascending(sinceSent), errors, bytes, seconds };
}

function figuresOf(
  { sinceDue, sinceSent, errors, bytes, seconds }: Load,
  series: number,
  cpu: number,
): Figure[] {
  const [ms, perCent] = [{ unit: ' ms' }, ((cpu / seconds) * 100).toFixed(0)];
  const note = errors[0] ?? `${sinceSent.length} scrapes of ${series} series in ${seconds.toFixed(1)} s`;
  const each = `${(bytes / sinceSent.length / 1e6).toFixed(2)} MB each`;
  return [
    {
      what: 'scrapes that failed',
      measured: `${errors.length} (${note})`,
      target: { text: 'none', met: errors.length === 0 },
    },
    info('scrapes a second, gzipped', `${(sinceSent.length / seconds).toFixed(0)} (${each})`),
    info('a scrape from its request to its last byte: p50', `${rounded(quantile(sinceSent, 0.5))} ms`),
    bounded('a scrape from its request to its last byte: p99', quantile(sinceSent, 0.99), {
      atMost: 10,
      ...ms,
    }),
    info('a scrape from its request to its last byte: longest', `${rounded(quantile(sinceSent, 1))} ms`),
    info('a scrape from the instant it was due: p50', `${rounded(quantile(sinceDue, 0.5))} ms`),
    bounded('a scrape from the instant it was due: p99', quantile(sinceDue, 0.99), { atMost: 10, ...ms }),
    info('a scrape from the instant it was due: longest', `${rounded(quantile(sinceDue, 1))} ms`),
    info('processor time of the exporter', `${perCent} % of one core`),
  ];
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}
