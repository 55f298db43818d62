import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { resultOf } from './child.ts';
import { bounded, type Figure, info, median } from './figure.ts';

const Applied = z.object({
  cells: z.number(),
  first: z.number(),
  unchanged: z.array(z.number()),
  changed: z.number(),
});
const DEPLOYMENTS = 3300;
const TIMES = 9;

/** Applies a month of 3,300 deployments again and again. */
export async function reapplyFigures(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const args = [join(folder, 'ledger.db'), String(DEPLOYMENTS), String(TIMES)];
    const { cells, first, unchanged, changed } = await resultOf('reapply-run.ts', args, Applied);
    const what = `statement of ${Math.round(cells / 1000)}k cells`;
    const note = `fastest ${Math.min(...unchanged).toFixed(0)} ms, slowest ${Math.max(...unchanged).toFixed(0)} ms`;
    return [
      bounded(`${what}, unchanged: applied again`, median(unchanged), { atMost: 150, unit: ' ms', note }),
      info(`${what}: the first time`, `${first.toFixed(0)} ms`),
      info(`${what}: another amount in every cell`, `${changed.toFixed(0)} ms`),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
