import { availableParallelism, cpus } from 'node:os';
import process from 'node:process';
import { backfillFigures } from './backfill.ts';
import { type Figure, tableOf } from './figure.ts';
import { historyFigures } from './history.ts';
import { hostileFigures } from './hostile.ts';
import { pageFigures } from './page.ts';
import { publishFigures } from './publish.ts';
import { pushFigures } from './push.ts';
import { reapplyFigures } from './reapply.ts';
import { requestFigures } from './requests.ts';
import { restartFigures } from './restart.ts';
import { scrapeFigures } from './scrape.ts';
import { seriesFigures } from './series.ts';
import { veniceFigures } from './venice.ts';
import { webFigures } from './web.ts';
import { weightFigures } from './weight.ts';

/** Every part measures in its own processes, one part after the other. Names on the command line select parts. */
const PARTS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  scrape: scrapeFigures,
  publish: publishFigures,
  push: pushFigures,
  venice: veniceFigures,
  backfill: backfillFigures,
  reapply: reapplyFigures,
  restart: restartFigures,
  series: seriesFigures,
  history: historyFigures,
  web: webFigures,
  hostile: hostileFigures,
  weight: weightFigures,
  page: pageFigures,
  requests: requestFigures,
};

const asked = process.argv.slice(2);
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const startedAt = performance.now();
  figures.push(...(await measure()));
  console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
console.log(
  `Node.js ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}\n`,
);
console.log(tableOf(figures));
process.exit(0);
