import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { freePort, listenOnLoopback } from '../support/exporter/loopback.ts';
import { resultOf } from './child.ts';
import { openClient } from './client.ts';
import { bounded, type Figure, info, median } from './figure.ts';

const Written = z.object({ cells: z.number() });
const STARTS = 6;
const PROGRAM = join(import.meta.dirname, '../../bin/ai-billing-exporter.js');

/** Starts the program over a ledger of a million cells, while its provider hangs, until `/metrics` answers. */
export async function restartFigures(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const silent = createServer(() => {});
  const providerPort = await listenOnLoopback(silent);
  try {
    const path = join(folder, 'ledger.db');
    const { cells } = await resultOf('restart-ledger.ts', [path], Written);
    const { size } = await stat(path);
    const port = await freePort();
    const config = await configured(folder, path, { provider: providerPort, own: port });
    // The first one fills the compile cache, as the first start of an installation does.
    const first = await secondsToMetrics(config, port);
    const again = [];
    for (let count = 0; count < STARTS; count++) again.push(await secondsToMetrics(config, port));
    const ledger = `${(cells / 1e6).toFixed(1)}M cells`;
    const note = `median ${median(again).toFixed(2)} s; the very first ${first.toFixed(2)} s; the ledger has ${(size / 1e6).toFixed(0)} MB`;
    const empty = await emptyStarts(folder, providerPort, port);
    return [
      bounded(`start with ${ledger} until /metrics answers`, Math.min(...again), {
        atMost: 1,
        unit: ' s',
        note,
      }),
      info('start with an empty ledger until /metrics answers', `${Math.min(...empty).toFixed(2)} s`),
    ];
  } finally {
    silent.closeAllConnections();
    silent.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function emptyStarts(folder: string, provider: number, own: number): Promise<number[]> {
  const config = await configured(folder, join(folder, 'empty.db'), { provider, own });
  const starts = [];
  for (let count = 0; count < 3; count++) starts.push(await secondsToMetrics(config, own));
  return starts;
}

async function configured(folder: string, path: string, ports: { provider: number; own: number }) {
  const file = join(folder, 'config.yml');
  const account = { name: 'production', apiKey: 'none', baseUrl: `http://127.0.0.1:${ports.provider}` };
  // JSON is YAML.
  const config = {
    server: { listen: `127.0.0.1:${ports.own}` },
    state: { path },
    metrics: { maxSeries: 1_000_000 },
    accounts: [
      { provider: 'baseten', ...account },
      { provider: 'northflank', ...account },
    ],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

/** From the start of the process to the last byte of its first page. */
async function secondsToMetrics(config: string, port: number): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--config', config], { stdio: 'ignore' });
  try {
    for (;;) {
      if (await answered(port)) return (performance.now() - startedAt) / 1000;
      if (child.exitCode !== null) throw new Error(`the exporter ended with ${child.exitCode}`);
      await sleep(5);
    }
  } finally {
    await ended(child);
  }
}

async function answered(port: number): Promise<boolean> {
  const client = await openClient(`http://127.0.0.1:${port}`, 'gzip').catch(() => undefined);
  if (!client) return false;
  await client.scrape();
  client.close();
  return true;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await exit;
}
