import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Publisher } from '../../src/app/publisher.ts';
import type { SnapshotSource } from '../../src/core/metrics/snapshot.ts';
import { DAY, MINUTE, startOfDay } from '../../src/core/values/time.ts';
import { createOtelPage } from '../../src/sinks/otel/page.ts';
import { createSelfMetrics } from '../../src/sinks/prometheus/self.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { chargesOf, FEED, ledgerOf, NOW, statementOf } from './bill.ts';
import { say } from './child.ts';
import { watchWork } from './turns.ts';

/** Writes `/otel/metrics` of changed snapshots, as `serve` does, and of one that stays. */
const [series = '', times = ''] = process.argv.slice(2);
const { ledger, bill, account } = ledgerOf(sqliteStore(openDatabase(':memory:')), Number(series));
const failed = (error: unknown) => {
  throw error;
};
const now = () => NOW;
const publisher = new Publisher({ ledger, now, zeroForMs: () => 0, failed });
publisher.publish();
let carried = 0;
const source: SnapshotSource = {
  current: () => publisher.current(),
  subscribe: (listener) => publisher.subscribe(listener),
  carried: ({ version }) => {
    carried = version;
  },
};
const self = createSelfMetrics({ version: '0', revision: 'bench', failureReasons: ['network'] });
const resource = { 'service.name': 'bench' };
const page = createOtelPage({ source, self, resource, now, version: '0', onError: failed });

async function scrape(): Promise<number> {
  const answer = await page.answer({ accept: undefined, acceptEncoding: 'gzip' });
  answer.carried();
  return answer.body.reduce((bytes, chunk) => bytes + chunk.length, 0);
}

/** Scrapes until what was published last is what is served. */
async function served(): Promise<void> {
  while (carried < publisher.current().version) {
    await scrape();
    await sleep(2);
  }
}

const today = { start: startOfDay(NOW), end: startOfDay(NOW) + DAY };
/** Half of the series have new values. */
async function publish(revision: number): Promise<void> {
  const statement = statementOf(today, NOW + revision * MINUTE, chargesOf(bill, [today.start], revision));
  ledger.apply({ account, feed: FEED }, statement, bill.resources, NOW);
  publisher.publish();
  while (ledger.preloadHistory(NOW));
  globalThis.gc?.();
}

async function processorMs(revision: number): Promise<number> {
  await publish(revision);
  const before = process.cpuUsage();
  await served();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The watch keeps the loop turning, which is not what processor time is to be measured with. */
async function longestMs(revision: number): Promise<{ longestMs: number; againMs: number }> {
  await publish(revision);
  const work = watchWork();
  await sleep(1);
  work.longest();
  await served();
  const longest = work.longest();
  await scrape();
  const again = work.longest();
  work.stop();
  return { longestMs: longest, againMs: again };
}

await served();
const pages = [];
for (let count = 1; count <= Number(times); count++)
  pages.push({ cpuMs: await processorMs(2 * count), ...(await longestMs(2 * count + 1)) });
page.close();
publisher.stop();
say({ bytes: await scrape(), pages });
