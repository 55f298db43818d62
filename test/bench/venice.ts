import { z } from 'zod';
import { resultOf, startChild } from './child.ts';
import { bounded, type Figure, info } from './figure.ts';

const Server = z.object({ url: z.string(), start: z.number() });
const Read = z.object({ count: z.number(), ms: z.number(), cpuMs: z.number(), peakMb: z.number() });
type Read = z.infer<typeof Read>;

interface Pair {
  readonly ours: Read;
  readonly plain: Read;
}

const FEW = 100_000;
const MANY = 1_000_000;
const RUNS = 3;

/** Reads a million rows of Venice's ledger over HTTP, each time in a new process. */
export async function veniceFigures(): Promise<Figure[]> {
  const server = await startChild('venice-server.ts', [], Server);
  try {
    const { url, start } = server.ready;
    const read = async (variant: string, rows: number): Promise<Read> => {
      const result = await resultOf('venice-read.ts', [variant, url, String(rows), String(start)], Read);
      if (Math.abs(result.count - rows) > 3)
        throw new Error(`${variant} read ${result.count} of ${rows} rows`);
      return result;
    };
    const few = { ours: await read('ours', FEW), plain: await read('plain', FEW) };
    const runs: Pair[] = [];
    for (let run = 0; run < RUNS; run++)
      runs.push({ plain: await read('plain', MANY), ours: await read('ours', MANY) });
    return figuresOf(few, runs);
  } finally {
    await server.end();
  }
}

/** The fastest of several runs: any disturbance only slows a run down. */
function figuresOf(few: Pair, runs: readonly Pair[]): Figure[] {
  const least = (figure: 'ms' | 'cpuMs' | 'peakMb') => ({
    ours: Math.min(...runs.map(({ ours }) => ours[figure])),
    plain: Math.min(...runs.map(({ plain }) => plain[figure])),
  });
  const [time, cpu, peak] = [least('ms'), least('cpuMs'), least('peakMb')];
  const against = ({ ours, plain }: typeof time, unit: string) =>
    `${ours.toFixed(0)} ${unit} against ${plain.toFixed(0)} ${unit}`;
  const what = '1M rows of Venice against undici and JSON.parse';
  const growth = (who: keyof Pair) => (peak[who] / few[who].peakMb - 1) * 100;
  const theirs = `theirs: ${growth('plain').toFixed(0)} %`;
  return [
    bounded(`${what}: time`, time.ours / time.plain, {
      atMost: 1.6,
      unit: ' times',
      note: against(time, 'ms'),
    }),
    info(`${what}: processor time`, `${(cpu.ours / cpu.plain).toFixed(2)} times (${against(cpu, 'ms')})`),
    bounded(`${what}: peak memory above theirs`, peak.ours - peak.plain, {
      atMost: 60,
      unit: ' MB',
      note: against(peak, 'MB'),
    }),
    bounded('growth of peak memory from 100k rows to 1M', growth('ours'), {
      atMost: 5,
      unit: ' %',
      note: `${few.ours.peakMb.toFixed(0)} MB to ${peak.ours.toFixed(0)} MB; ${theirs}`,
    }),
  ];
}
