import { z } from 'zod';
import { resultOf, startChild } from './child.ts';
import { bounded, type Figure, median, rounded, told } from './figure.ts';

const Ready = z.object({ url: z.string() });
const Counted = z.object({ requests: z.number(), bytes: z.number() });
const Pushed = z.object({
  points: z.number(),
  first: z.number(),
  pushes: z.array(
    z.object({ cpuMs: z.number(), longestMs: z.number(), workMs: z.number(), pushMs: z.number() }),
  ),
});

const Written = z.object({
  bytes: z.number(),
  pages: z.array(z.object({ cpuMs: z.number(), longestMs: z.number(), againMs: z.number() })),
});

interface Variant {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc';
  readonly compression: 'gzip' | 'none';
  readonly temporality: 'cumulative' | 'delta';
}

const SERIES = 50_000;
const TIMES = 6;

/** Pushes 50,000 series to receivers in processes of their own. What is sent by default has targets. */
export async function pushFigures(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const temporality of ['cumulative', 'delta'] as const)
    for (const protocol of ['http/protobuf', 'http/json', 'grpc'] as const)
      for (const compression of ['none', 'gzip'] as const)
        figures.push(...(await pushed({ protocol, compression, temporality })));
  return [...figures, ...(await pageFigures())];
}

/** `/otel/metrics`, of as many series. */
async function pageFigures(): Promise<Figure[]> {
  const { bytes, pages } = await resultOf('otel-page-run.ts', [String(SERIES), String(TIMES)], Written);
  const longest = pages.map(({ longestMs }) => longestMs);
  const cpu = rounded(Math.min(...pages.map(({ cpuMs }) => cpuMs)));
  const again = rounded(median(pages.map(({ againMs }) => againMs)));
  const blocks = `${rounded(Math.max(...longest))} ms (the longest of ${TIMES}; median ${rounded(median(longest))} ms)`;
  const what = '/otel/metrics of 50k series';
  return [
    told(
      `${what}, rendered again: CPU`,
      `${cpu} ms (half of them changed, ${(bytes / 1e6).toFixed(2)} MB gzipped)`,
    ),
    told(`${what}, rendered again: longest block`, blocks),
    told(`${what}, scraped again: longest block`, `${again} ms`),
  ];
}

async function pushed({ protocol, compression, temporality }: Variant): Promise<Figure[]> {
  const receiver = await startChild('otlp-receiver.ts', [protocol], Ready);
  try {
    const args = [protocol, compression, temporality, String(SERIES), String(TIMES), receiver.ready.url];
    const { points, first, pushes } = await resultOf('push-run.ts', args, Pushed);
    const { requests, bytes } = await receiver.ask('counted', Counted);
    const all = pushes.length * 2 + 3; // the first two, and the last one at the end
    const of = (key: keyof (typeof pushes)[number]) => pushes.map((push) => push[key]);
    const size = `${Math.round(requests / all)} requests of ${rounded(bytes / requests / 1000)} kB`;
    const cpuNote = `median ${rounded(median(of('cpuMs')))} ms, the very first ${rounded(first)} ms; ${Math.round(points / 1000)}k points, ${size}`;
    const blockNote = `median ${rounded(median(of('workMs')))} ms; by the clock ${rounded(median(of('longestMs')))} ms of ${rounded(median(of('pushMs')))} ms`;
    const what = `push over ${protocol}, ${compression === 'gzip' ? 'gzipped' : 'uncompressed'}, ${temporality}`;
    return [
      figure(`${what}: CPU`, Math.min(...of('cpuMs')), { atMost: 400, note: cpuNote }),
      figure(`${what}: longest block`, Math.max(...of('workMs')), { atMost: 25, note: blockNote }),
    ];
  } finally {
    await receiver.end();
  }

  function figure(what: string, ms: number, { atMost, note }: { atMost: number; note: string }): Figure {
    return protocol === 'http/protobuf'
      ? bounded(what, ms, { atMost, unit: ' ms', note })
      : told(what, `${rounded(ms)} ms (${note})`);
  }
}
