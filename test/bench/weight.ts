import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { freePort } from '../support/exporter/loopback.ts';
import { ledgerOf } from './bill.ts';
import { bounded, type Figure, info } from './figure.ts';

const ROOT = join(import.meta.dirname, '../..');
const SERIES = 1000;
const REST_MS = 30_000;

/** The published program over a ledger of a thousand series: how soon it answers, and its memory once it rests. */
export async function weightFigures(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    await promisify(execFile)(process.execPath, ['deploy/npm/build.ts', join(folder, 'dist')], { cwd: ROOT });
    for (const path of ['bin', 'package.json'])
      await cp(join(ROOT, path), join(folder, path), { recursive: true });
    const path = join(folder, 'ledger.db');
    ledgerOf(sqliteStore(openDatabase(path)), SERIES, Date.now()).ledger.close();
    const port = await freePort();
    const account = {
      provider: 'baseten',
      name: 'production',
      apiKey: 'none',
      baseUrl: 'http://127.0.0.1:1',
    };
    const listen = `127.0.0.1:${port}`;
    await writeFile(
      join(folder, 'config.yml'),
      JSON.stringify({ server: { listen }, state: { path }, accounts: [account] }),
    );
    await measure(folder, listen);
    const { megabytes, seconds, lines } = await measure(folder, listen);
    return [
      bounded(`resident memory at rest with ${SERIES} series`, megabytes, {
        atMost: 90,
        unit: ' MB',
        note: `after ${REST_MS / 1000} s; ${lines} samples on the page`,
      }),
      info('start of the published program until /metrics answers', `${seconds.toFixed(2)} s`),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, listen: string) {
  const args = [join(folder, 'bin/ai-billing-exporter.js'), 'serve', '--config', join(folder, 'config.yml')];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    const page = await firstPage(`http://${listen}/metrics`);
    const seconds = (performance.now() - startedAt) / 1000;
    await sleep(REST_MS);
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    const [, kilobytes = ''] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
    return { seconds, megabytes: Number(kilobytes) / 1024, lines: page.match(/^\w/gm)?.length ?? 0 };
  } finally {
    child.kill();
    await ended;
  }
}

async function firstPage(url: string): Promise<string> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return answer.text();
    await sleep(5);
  }
}
