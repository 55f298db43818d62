import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DAY, isoDay, startOfDay } from '../../src/core/values/time.ts';
import { resultOf, startChild } from './child.ts';
import { bounded, type Figure, info } from './figure.ts';

const Server = z.object({ url: z.string() });
const Read = z.object({ count: z.number(), ms: z.number() });
const Run = z.object({ code: z.literal(0), ms: z.number(), cpuMs: z.number(), peakMb: z.number() });

const ROWS_PER_DAY = 1_000_000;
const DAYS = 5;
const RUNS = 2;

/** Backfills five million rows of Venice into a file, and reads the same rows only, each time in a new process. */
export async function backfillFigures(): Promise<Figure[]> {
  const server = await startChild('venice-server.ts', [], Server);
  const folder = await mkdtemp(join(tmpdir(), 'backfill-'));
  try {
    const { url } = server.ready;
    const to = startOfDay(Date.now()) - 3 * DAY;
    const from = to - DAYS * DAY;
    const [config, output] = [join(folder, 'config.yml'), join(folder, 'history.om')];
    const account = { provider: 'venice', name: 'bench', baseUrl: `${url}/${ROWS_PER_DAY}`, apiKey: 'key' };
    const state = { path: join(folder, 'ledger.db') };
    await writeFile(config, JSON.stringify({ accounts: [account], state }));
    const read = [String(ROWS_PER_DAY), String(from), String(DAYS), 'program'];
    const reads: z.infer<typeof Read>[] = [];
    const runs: z.infer<typeof Run>[] = [];
    for (let run = 0; run < RUNS; run++) {
      reads.push(await resultOf('venice-read.ts', ['ours', url, ...read], Read));
      runs.push(await resultOf('backfill-run.ts', [config, isoDay(from), isoDay(to), output], Run));
    }
    return figuresOf(reads, runs, (await stat(output)).size);
  } finally {
    await server.end();
    await rm(folder, { recursive: true });
  }
}

/** The fastest of several runs: any disturbance only slows a run down. */
function figuresOf(
  reads: readonly z.infer<typeof Read>[],
  runs: readonly z.infer<typeof Run>[],
  bytes: number,
): Figure[] {
  const readMs = Math.min(...reads.map(({ ms }) => ms));
  const ms = Math.min(...runs.map((run) => run.ms));
  const what = 'backfill of 5M rows of Venice';
  return [
    bounded(`${what} against reading them only: time`, ms / readMs, {
      atMost: 1.6,
      unit: ' times',
      note: `${(ms / 1000).toFixed(1)} s against ${(readMs / 1000).toFixed(1)} s`,
    }),
    bounded(`${what}: peak memory`, Math.max(...runs.map(({ peakMb }) => peakMb)), {
      atMost: 300,
      unit: ' MB',
    }),
    info(`${what}: file`, `${(bytes / 1e6).toFixed(0)} MB`),
  ];
}
