import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { SeriesAnswers } from '../../src/app/series-answers.ts';
import { Ledger } from '../../src/core/ledger.ts';
import type { SeriesLabel, SeriesQuestion } from '../../src/core/reports/cost-series.ts';
import { DAY, HOUR, MINUTE, type Range, startOfDay } from '../../src/core/values/time.ts';
import { seriesJson } from '../../src/server/api/series-answer.ts';
import { cacheCells } from '../../src/store/cache.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { billOf, chargesOf, daysOf, FEED, NOW, statementOf } from './bill.ts';
import { send } from './child.ts';
import { watchLoopCpu } from './turns.ts';

/** Asks a ledger of so many series of cost, each of which has an amount on every one of 90 days, in a file. */
const count = Number(process.argv[2]);
const DAYS = 90;
const today = startOfDay(NOW);
const range: Range = { start: today + DAY - DAYS * DAY, end: today + DAY };
const stream = {
  name: FEED,
  granularities: ['day'],
  settleMs: 95 * DAY,
  reachMs: 95 * DAY,
  lagMs: 2 * HOUR,
} as const;
const bill = billOf(count);
const settings = { ...bill.settings, since: range.start, streams: [stream] };
const folder = mkdtempSync(join(tmpdir(), 'series-'));
const file = join(folder, 'ledger.db');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function write(): void {
  const ledger = new Ledger(sqliteStore(openDatabase(file)));
  const account = ledger.openAccount(settings, range.start);
  for (const start of daysOf(range)) {
    const day = { start, end: start + DAY };
    const statement = statementOf(day, NOW, chargesOf(bill, [start]));
    ledger.apply({ account, feed: FEED }, statement, bill.resources, NOW);
  }
  ledger.close();
}

write();
const ledger = new Ledger(cacheCells(sqliteStore(openDatabase(file))));
const account = ledger.openAccount(settings, NOW);
const accounts = [{ id: account, provider: 'baseten', account: 'production', streams: [FEED] }];
let version = 1;
const answers = new SeriesAnswers({
  ask: (question) => ledger.series(question, accounts, NOW),
  version: () => version,
  now: () => NOW,
});
/** Until the JSON text is there. The clock's time, and that of the loop's thread, which excludes other programs. */
async function measured(by: readonly SeriesLabel[], top?: number) {
  const question: SeriesQuestion = { range, step: 'day', by, match: new Map(), top, measure: 'cost' };
  await wait(50);
  const idle = process.threadCpuUsage();
  const startedAt = performance.now();
  const watch = watchLoopCpu();
  const report = await answers.answer(question);
  const turnMs = watch.longest();
  watch.stop();
  if (report.total.total === undefined) throw new Error('the total is not known');
  const bytes = [...seriesJson(report)].join('').length;
  const { user, system } = process.threadCpuUsage(idle);
  return { ms: performance.now() - startedAt, cpuMs: (user + system) / 1000, turnMs, bytes };
}

/** Changes today, as a poll does. */
function change(revision: number): void {
  const day = { start: today, end: today + DAY };
  const statement = statementOf(day, NOW + revision * MINUTE, chargesOf(bill, [today], revision));
  ledger.apply({ account, feed: FEED }, statement, bill.resources, NOW);
  version += 1;
}

const cold = await measured(['provider']);
const warm = [];
for (let revision = 1; revision <= 5; revision += 1) {
  change(revision);
  warm.push(await measured(['provider']), await measured(['model']), await measured(['resource'], 50));
}
const kept = await measured(['provider']);
const largest = await measured(['resource'], 1000);
send({ cold, warm, kept, largest });
