import { z } from 'zod';
import { resultOf } from './child.ts';
import { bounded, type Figure, info, median, rounded } from './figure.ts';

const Published = z.object({
  samples: z.number(),
  blocks: z.array(z.object({ publishMs: z.number(), longestMs: z.number(), servedMs: z.number() })),
});
const TIMES = 20;

/** Publishes 100,000 series of which half have changed. */
export async function publishFigures(): Promise<Figure[]> {
  const { samples, blocks } = await resultOf('publish-run.ts', ['100000', String(TIMES)], Published);
  const what = `new snapshot of ${Math.round(samples / 1000)}k series`;
  const longest = blocks.map(({ longestMs }) => longestMs);
  const note = `the longest turn of the event loop in ${TIMES} publications; median of theirs ${rounded(median(longest))} ms`;
  const served = median(blocks.map(({ servedMs }) => servedMs));
  return [
    bounded(`${what}: longest block`, Math.max(...longest), { atMost: 50, unit: ' ms', note }),
    info(`${what}: until it is served, both formats gzipped`, `${rounded(served)} ms`),
  ];
}
