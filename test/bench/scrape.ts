import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startChild } from './child.ts';
import { openClient, type ScrapeClient } from './client.ts';
import { bounded, type Figure, info, median, rounded } from './figure.ts';

const Ready = z.object({ url: z.string() });
const Nothing = z.object({});
const Loop = z.object({ activeMs: z.number(), p99Ms: z.number(), maxMs: z.number() });
type Loop = z.infer<typeof Loop>;
const Watched = z.object({ longest: z.array(z.number()) });

type Encoding = 'gzip' | 'identity';

interface Measured {
  /** Of one scrape, from the request to the last byte. */
  readonly ms: number;
  readonly bytes: number;
  /** The longest event-loop block while one scrape is served. */
  readonly activeMs: number;
  readonly loop: Loop;
}

type Server = Awaited<ReturnType<typeof startServer>>;
const startServer = (variant: string, series: number) =>
  startChild('scrape-server.ts', [variant, String(series)], Ready);

/** Scrapes over HTTP, with the server in its own process. */
export async function scrapeFigures(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const series of [1000, 10_000, 100_000]) figures.push(...(await compared(series)));
  return figures;
}

const STEADY_SCRAPES = 50;
const PAUSE_MS = 20;

async function compared(series: number): Promise<Figure[]> {
  const isLargest = series === 100_000;
  const [ours, theirs] = await Promise.all([startServer('ours', series), startServer('prom-client', series)]);
  try {
    const name = `${series / 1000}k series`;
    const figures: Figure[] = [];
    for (const encoding of ['gzip', 'identity'] as const) {
      const our = await scraped(ours, encoding, STEADY_SCRAPES);
      const their = await scraped(theirs, encoding, isLargest ? 7 : 20);
      const size = `${(our.bytes / 1e6).toFixed(2)} MB`;
      const note = `${our.ms.toFixed(2)} ms against ${their.ms.toFixed(1)} ms, ${size}`;
      const what = `scrape of ${name}, ${encoding === 'gzip' ? 'gzipped' : 'uncompressed'}`;
      const speed = their.ms / our.ms;
      const target = encoding === 'gzip' ? 100 : 15;
      figures.push(
        isLargest
          ? bounded(what, speed, { atLeast: target, unit: ' times', note })
          : info(what, `${speed.toFixed(0)} times (${note})`),
      );
      if (isLargest) figures.push(...(await loopFigures({ what, server: ours, encoding, our, their })));
    }
    return figures;
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}

interface Compared {
  readonly what: string;
  readonly server: Server;
  readonly encoding: Encoding;
  readonly our: Measured;
  readonly their: Measured;
}

async function loopFigures({ what, server, encoding, our, their }: Compared): Promise<Figure[]> {
  const idle = await idleLoop(server, STEADY_SCRAPES * PAUSE_MS);
  const p99 = our.loop.p99Ms - idle.p99Ms;
  const note = `idle ${idle.p99Ms.toFixed(2)} ms; prom-client ${their.loop.p99Ms.toFixed(0)} ms`;
  const block = { atMost: 1, unit: ' ms', note: 'median of the longest turns of the event loop' };
  return [
    bounded(`${what}: synchronous work`, await longestTurn(server, encoding), block),
    info(`${what}: processor time of the event loop's thread, in many turns`, `${rounded(our.activeMs)} ms`),
    bounded(`${what}: event-loop delay, p99 above idle`, p99, { atMost: 5, unit: ' ms', note }),
  ];
}

async function scraped(server: Server, encoding: Encoding, times: number): Promise<Measured> {
  const client = await openClient(server.ready.url, encoding);
  try {
    for (let warm = 0; warm < 3; warm++) await client.scrape();
    await sleep(300);
    const idle = await idleLoop(server, 500);
    await server.ask('begin', Nothing);
    const startedAt = performance.now();
    const all = await steadily(client, times);
    const span = performance.now() - startedAt;
    const loop = await server.ask('end', Loop);
    const activeMs = Math.max(0, loop.activeMs - (idle.activeMs * span) / 500) / times;
    return { ms: median(all.map(({ ms }) => ms)), bytes: all[0]?.bytes ?? 0, activeMs, loop };
  } finally {
    client.close();
  }
}

/** The median over scrapes of the longest turn that each of them made the server's event loop take. */
async function longestTurn(server: Server, encoding: Encoding): Promise<number> {
  const client = await openClient(server.ready.url, encoding);
  try {
    await server.ask('watch', Nothing);
    await steadily(client, STEADY_SCRAPES);
    return median((await server.ask('watched', Watched)).longest);
  } finally {
    client.close();
  }
}

async function steadily(client: ScrapeClient, times: number) {
  const all = [];
  for (let count = 0; count < times; count++) {
    all.push(await client.scrape());
    await sleep(PAUSE_MS);
  }
  return all;
}

async function idleLoop(server: Server, ms: number): Promise<Loop> {
  await server.ask('begin', Nothing);
  await sleep(ms);
  return server.ask('end', Loop);
}
