import { z } from 'zod';
import { resultOf } from './child.ts';
import { bounded, type Figure, info, median, rounded } from './figure.ts';

const Measured = z.object({ ms: z.number(), cpuMs: z.number(), turnMs: z.number(), bytes: z.number() });
const Asked = z.object({ cold: Measured, warm: z.array(Measured), kept: Measured, largest: Measured });

/** Asks 10,000 series over 90 days: right after the start, after a poll changed today, and again. */
export async function seriesFigures(): Promise<Figure[]> {
  const { cold, warm, kept, largest } = await resultOf('series-run.ts', ['10000'], Asked);
  const what = 'cost series, 10k over 90 days';
  const slowest = warm.reduce((most, each) => (each.ms > most.ms ? each : most));
  const of = warm.map(({ ms }) => ms);
  const longest = Math.max(...warm.map(({ turnMs }) => turnMs));
  const note = `by provider, model and the largest 50 resources, after a change of today; slowest ${rounded(slowest.ms)} ms, median processor time ${rounded(median(warm.map(({ cpuMs }) => cpuMs)))} ms`;
  const fromFile = `from the file, right after the start; processor time ${rounded(cold.cpuMs)} ms`;
  const large = `1,000 rows, ${(largest.bytes / 1e6).toFixed(1)} MB; processor time ${rounded(largest.cpuMs)} ms`;
  return [
    bounded(`${what}: warm`, median(of), { atMost: 200, unit: ' ms', note }),
    bounded(`${what}: warm, longest turn`, longest, { atMost: 20, unit: ' ms' }),
    bounded(`${what}: cold`, cold.ms, { atMost: 200, unit: ' ms', note: fromFile }),
    bounded(`${what}: cold, longest turn`, cold.turnMs, { atMost: 20, unit: ' ms' }),
    info(`${what}: the same question again`, `${rounded(kept.ms)} ms`),
    info(`${what}: the largest answer`, `${rounded(largest.ms)} ms (${large})`),
  ];
}
