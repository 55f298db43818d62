import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { startChild } from './child.ts';
import { openClient } from './client.ts';
import { median } from './figure.ts';

/**
 * Starts the program with many accounts of Venice, each of which answers at once, and measures how it stands that. Provider, program
 * and reader are processes of their own; times are those until the last byte, and the reader decompresses nothing.
 *
 * Usage: node test/bench/accounts-run.ts ACCOUNTS [SECONDS]
 */
const [count = 1000, seconds = 30] = process.argv.slice(2).map(Number);
const PAUSE_MS = 50;

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';
const QUESTIONS = {
  healthy: { path: '/-/healthy', accept: '*/*', encoding: 'identity' },
  'metrics as OpenMetrics, gzipped': { path: '/metrics', accept: OPENMETRICS, encoding: 'gzip' },
  'metrics as text, gzipped': { path: '/metrics', accept: 'text/plain', encoding: 'gzip' },
  'metrics as OpenMetrics': { path: '/metrics', accept: OPENMETRICS, encoding: 'identity' },
  'metrics as text': { path: '/metrics', accept: 'text/plain', encoding: 'identity' },
  status: { path: '/api/v1/status', accept: '*/*', encoding: 'identity' },
  'first page': { path: '/', accept: '*/*', encoding: 'identity' },
  costs: { path: '/api/v1/costs?window=today&by=account', accept: '*/*', encoding: 'identity' },
} as const;

const folder = await mkdtemp(join(tmpdir(), 'accounts-'));
const provider = await startChild('accounts-provider.ts', [], z.object({ url: z.string() }));
await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration(provider.ready.url)));
for (const run of ['first', 'again']) await measure(run);
await provider.end();
await rm(folder, { recursive: true, force: true });

function configuration(baseUrl: string): object {
  const accounts = Array.from({ length: count }, (_, index) => ({
    provider: 'venice',
    name: `account-${index}`,
    apiKey: `key-of-the-account-number-${index}`,
    baseUrl,
  }));
  return { server: { listen: '127.0.0.1:0' }, state: { path: join(folder, 'ledger.db') }, accounts };
}

async function measure(title: string): Promise<void> {
  const load = loadavg()[0] ?? Number.NaN;
  const begun = performance.now();
  const { child, url, said } = await started();
  const listeningMs = performance.now() - begun;
  child.send('listening');
  const { took, healthyMs } = await askedFor(url);
  const page = await (await fetch(`${url}/metrics`)).text();
  const ending = performance.now();
  await ended(child);
  const endMs = performance.now() - ending;
  const start = { listeningMs: Math.round(listeningMs), healthyMs: Math.round(listeningMs + healthyMs) };
  const turn = /longest turn (\d+) ms/.exec(said())?.[1];
  const end = { longestTurnMs: Number(turn), endMs: Math.round(endMs), exit: child.exitCode };
  const shown = {
    run: title,
    accounts: count,
    load: +load.toFixed(1),
    ...start,
    ...statistics(page),
    ...end,
  };
  console.log(JSON.stringify(shown));
  for (const [question, times] of took) {
    const [first = Number.NaN] = times;
    const shownTimes = [first, median(times), Math.max(...times)].map((ms) => `${Math.round(ms)} ms`);
    console.log(`  ${question}: ${times.length} times, first, median and longest ${shownTimes.join(', ')}`);
  }
}

async function started() {
  const main = join(import.meta.dirname, '../../src/main.ts');
  const turns = join(import.meta.dirname, 'accounts-turns.ts');
  const program = ['--import', turns, main, 'serve', '--config', join(folder, 'config.yml')];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const listening = /"url":"([^"]+)","version"/;
  while (!listening.test(said) && child.exitCode === null) await wait(10);
  const url = listening.exec(said)?.[1];
  if (url === undefined) throw new Error(`does not listen: ${said.slice(0, 2000)}`);
  return { child, url, said: () => said };
}

/** Asks one question after the other, and rests a little after each. */
async function askedFor(url: string) {
  const begun = performance.now();
  const clients = await Promise.all(
    Object.entries(QUESTIONS).map(async ([question, { encoding, ...asked }]) => {
      return { question, client: await openClient(url, encoding, asked) };
    }),
  );
  const took = new Map<string, number[]>();
  let healthyMs = Number.NaN;
  while (performance.now() - begun < seconds * 1000) {
    for (const { question, client } of clients) {
      const { ms } = await client.scrape();
      if (took.size === 0) healthyMs = performance.now() - begun;
      took.set(question, [...(took.get(question) ?? []), ms]);
      await wait(PAUSE_MS);
    }
  }
  for (const { client } of clients) client.close();
  return { took, healthyMs };
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await closed;
  clearTimeout(late);
}

function statistics(page: string) {
  const polls = [...page.matchAll(/^ai_billing_polls_total\{.*\} (\d+)/gm)].map(([, value]) => Number(value));
  return {
    polledFeeds: `${polls.filter((polled) => polled > 0).length} of ${polls.length}`,
    pageMB: +(page.length / 1e6).toFixed(1),
    cpuSeconds: Number(/^process_cpu_seconds_total (\S+)/m.exec(page)?.[1]),
    rssMB: Math.round(Number(/^process_resident_memory_bytes (\S+)/m.exec(page)?.[1]) / 1e6),
  };
}
