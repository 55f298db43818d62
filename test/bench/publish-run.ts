import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Publisher } from '../../src/app/publisher.ts';
import type { SnapshotSource } from '../../src/core/metrics/snapshot.ts';
import { DAY, MINUTE, startOfDay } from '../../src/core/values/time.ts';
import { createPrometheusPage } from '../../src/sinks/prometheus/page.ts';
import { createSelfMetrics } from '../../src/sinks/prometheus/self.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { chargesOf, FEED, ledgerOf, NOW, statementOf } from './bill.ts';
import { say } from './child.ts';
import { watchTurns } from './turns.ts';

/** Publishes a changed ledger again and again, and renders and gzips each snapshot, as `serve` does. */
const [series = '', times = ''] = process.argv.slice(2);
const { ledger, bill, account } = ledgerOf(sqliteStore(openDatabase(':memory:')), Number(series));
const failed = (error: unknown) => {
  throw error;
};
const publisher = new Publisher({ ledger, now: () => NOW, zeroForMs: () => 0, failed });
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
const page = createPrometheusPage(source, self, failed);

/** Scrapes within the process until what was published last is what is served. */
async function served(): Promise<void> {
  while (carried < publisher.current().version) {
    for (const accept of ['text/plain', 'application/openmetrics-text;version=1.0.0'])
      (await page.answer({ accept, acceptEncoding: 'gzip' })).carried();
    await nextTurn();
  }
}

const today = { start: startOfDay(NOW), end: startOfDay(NOW) + DAY };
function change(revision: number): void {
  const statement = statementOf(today, NOW + revision * MINUTE, chargesOf(bill, [today.start], revision));
  ledger.apply({ account, feed: FEED }, statement, bill.resources, NOW);
}

await served();
const turns = watchTurns();
const blocks = [];
for (let revision = 1; revision <= Number(times); revision++) {
  change(revision);
  await nextTurn();
  await nextTurn();
  turns.longest();
  const begun = performance.now();
  publisher.publish();
  const publishMs = performance.now() - begun;
  await served();
  blocks.push({ publishMs, longestMs: turns.longest(), servedMs: performance.now() - begun });
}
turns.stop();
publisher.stop();
const samples = publisher.current().families.reduce((sum, family) => sum + family.samples.length, 0);
say({ samples, blocks });
