import { gzipSync } from 'node:zlib';
import { type Browser, openBrowser } from '../support/browser/browser.ts';
import { firstContentfulPaintMs } from '../support/browser/checks.ts';
import { SCENES } from '../support/browser/scenes.ts';
import { inScope } from '../support/browser/scope.ts';
import { bounded, type Figure, median, rounded } from './figure.ts';

const TIMES = 20;
const WHAT = 'page with 10k series and 12 accounts';

/** The page in a real browser, each time in a new profile; the exporter has this process, the browser its own. */
export function pageFigures(): Promise<Figure[]> {
  return inScope(async (scope) => {
    const browser = await openBrowser(scope);
    const { exporter } = await SCENES.series(scope);
    const first = await visit(browser, exporter.url);
    const visits: Visit[] = [];
    for (let time = 0; time < TIMES; time += 1) visits.push(await visit(browser, exporter.url));
    const paints = visits.map(({ paintMs }) => paintMs);
    const note = `the first ${rounded(first.paintMs)} ms, the slowest ${rounded(Math.max(...paints))} ms`;
    return [
      bounded(`${WHAT}: first contentful paint`, median(paints), { atMost: 500, unit: ' ms', note }),
      bounded(`${WHAT}: size of all it loads, gzipped`, first.gzippedBytes / 1000, {
        atMost: 60,
        unit: ' kB',
      }),
    ];
  });
}

interface Visit {
  readonly paintMs: number;
  readonly gzippedBytes: number;
}

async function visit(browser: Browser, url: string): Promise<Visit> {
  const { page, requests, close } = await browser.open(url);
  const paintMs = await firstContentfulPaintMs(page);
  await close();
  const bodies = await Promise.all(requests.map(async (each) => (await fetch(each)).arrayBuffer()));
  const gzippedBytes = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
  return { paintMs, gzippedBytes };
}
