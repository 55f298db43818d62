import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HOSTILE_ANSWERS } from '../support/exporter/hostile-provider.ts';
import { BIN, configure, folderOf, serve } from '../support/exporter/process.ts';
import { type Watched, watchProcess } from '../support/exporter/watched-process.ts';
import { bounded, type Figure } from './figure.ts';

/** Long enough for every feed to end a poll. */
const WATCHED_MS = 15_000;
const HARMLESS = 'an empty object';

/** What each hostile answer does to an exporter of which every feed gets it. */
export async function hostileFigures(names = Object.keys(HOSTILE_ANSWERS)): Promise<Figure[]> {
  const calm = await watched(HARMLESS);
  const figures = figuresOf(HARMLESS, calm, calm);
  for (const name of names) {
    figures.push(...figuresOf(name, await watched(name), calm));
  }
  return figures;
}

function figuresOf(name: string, { lagMs, slowestMs, peakBytes }: Watched, calm: Watched): Figure[] {
  const note = `slowest answer ${slowestMs.toFixed(0)} ms`;
  const megabytes = (peakBytes - calm.peakBytes) / 1e6;
  const delay = bounded(`${name}: longest event-loop delay`, lagMs, { atMost: 250, unit: ' ms', note });
  const memory = `${name}: peak memory above that of harmless answers`;
  return [delay, bounded(memory, megabytes, { atMost: 150, unit: ' MB' })];
}

async function watched(name: string): Promise<Watched> {
  const ends: (() => unknown)[] = [];
  const ending = { after: (end: () => unknown) => void ends.unshift(end) };
  try {
    const server = new Worker(new URL('../support/exporter/hostile-thread.ts', import.meta.url), {
      workerData: name,
    });
    ending.after(() => server.terminate());
    const [url] = await once(server, 'message');
    const folder = await folderOf(ending);
    const accounts = { venice: { url, key: 'key-of-venice' }, baseten: { url, key: 'key-of-baseten' } };
    const file = await configure(folder, { accounts, schedule: '0 0 1 1 *' });
    const exporter = await serve(ending, file, { program: BIN });
    const stop = watchProcess(exporter);
    await sleep(WATCHED_MS);
    return await stop();
  } finally {
    for (const end of ends) await end();
  }
}
