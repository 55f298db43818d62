import { z } from 'zod';
import { resultOf } from './child.ts';
import { bounded, type Figure, info, median, rounded } from './figure.ts';

const Times = z.array(z.number());
const Measured = z.object({
  days: z.number(),
  bytes: z.number(),
  file: z.number(),
  without: z.number(),
  closings: z.array(z.object({ ms: z.number(), step: z.number() })),
  starts: z.object({ with: Times, without: Times }),
  asked: z.object({ month: z.number(), year: z.number() }),
});

/** The archive of 25 months of days with 10,000 series of cost each: its size, and what it costs. */
export async function historyFigures(): Promise<Figure[]> {
  const found = await resultOf('history-run.ts', ['10000'], Measured);
  const { days, bytes, starts, closings, asked } = found;
  const what = 'history of 10k series';
  const amounts = days * 10_000;
  const megabytes = (size: number) => `${(size / 1e6).toFixed(0)} MB`;
  const slower = Math.min(...starts.with) - Math.min(...starts.without);
  return [
    info(
      `${what}: size of ${days} archived days`,
      `${megabytes(bytes)} (${rounded(bytes / amounts)} bytes per amount; the ledger has ${megabytes(found.file)}, ${megabytes(found.without)} without them)`,
    ),
    bounded(`${what}: a start that loads the ledger takes longer by`, Math.max(0, slower), {
      atMost: 20,
      unit: ' ms',
      note: `${rounded(Math.min(...starts.with))} ms against ${rounded(Math.min(...starts.without))} ms without the archive`,
    }),
    info(
      `${what}: closing a month`,
      `${rounded(median(closings.map(({ ms }) => ms)))} ms, in steps of at most ${rounded(Math.max(...closings.map(({ step }) => step)))} ms`,
    ),
    info(`${what}: 31 archived days by provider`, `${rounded(asked.month)} ms`),
    info(`${what}: 365 archived days by provider`, `${rounded(asked.year)} ms`),
  ];
}
