import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { Ledger } from '../../src/core/ledger.ts';
import type { SeriesQuestion } from '../../src/core/reports/cost-series.ts';
import { DAY, HOUR, type Instant, startOfDay, startOfMonth } from '../../src/core/values/time.ts';
import { openDatabase, openVerified } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { billOf, chargesOf, daysOf, FEED, NOW, statementOf } from './bill.ts';
import { send } from './child.ts';

/** Reads so many series of cost for 27 months as the exporter does, closing each month, and then asks for days long closed. */
const count = Number(process.argv[2]);
const MONTHS = 25;
const bill = billOf(count);
const stream = {
  name: FEED,
  granularities: ['day'],
  settleMs: 2 * DAY,
  reachMs: 2 * DAY,
  lagMs: 2 * HOUR,
} as const;
const first = startOfMonth(NOW, -1 - MONTHS);
const settings = { ...bill.settings, since: first, streams: [stream] };
const folder = mkdtempSync(join(tmpdir(), 'history-'));
const file = join(folder, 'ledger.db');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const elapsed = (work: () => unknown) => {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
};

function read(ledger: Ledger, account: number, start: Instant, now: Instant): void {
  const range = { start, end: Math.min(startOfMonth(start, 1), startOfDay(now) + DAY) };
  const statement = statementOf(range, now, chargesOf(bill, daysOf(range)));
  for (const part of ledger.split({ account, feed: FEED }, statement))
    ledger.apply({ account, feed: FEED }, part, bill.resources, now);
}

/** How long each month took to close, and the longest step of it. */
function write(): { readonly ms: number; readonly step: number }[] {
  const ledger = new Ledger(sqliteStore(openDatabase(file)));
  const account = ledger.openAccount(settings, first);
  const closings: { readonly ms: number; readonly step: number }[] = [];
  for (let month = first; month < NOW; month = startOfMonth(month, 1)) {
    const now = Math.min(startOfMonth(month, 1) + 3 * DAY, NOW);
    read(ledger, account, month, now);
    const steps = ledger.maintenance(now, MONTHS);
    let step = 0;
    const ms = elapsed(() => {
      for (let isDone = false; !isDone; )
        step = Math.max(
          step,
          elapsed(() => (isDone = steps.next().done === true)),
        );
    });
    closings.push({ ms, step });
  }
  ledger.close();
  return closings;
}

const closings = write();
const without = join(folder, 'without.db');
copyFileSync(file, without);
const emptied = new DatabaseSync(without);
emptied.exec('DELETE FROM archive; VACUUM');
emptied.close();

function start(path: string): number {
  const startedAt = performance.now();
  const { database, read } = openVerified(path);
  new Ledger(sqliteStore(database, { read }));
  const ms = performance.now() - startedAt;
  database.close();
  return ms;
}

const starts = { with: [] as number[], without: [] as number[] };
for (let time = 0; time < 8; time += 1) {
  starts.with.push(start(file));
  starts.without.push(start(without));
}

const ledger = new Ledger(sqliteStore(openDatabase(file)));
const account = ledger.openAccount(settings, NOW);
const accounts = [{ id: account, provider: 'baseten', account: 'production', streams: [FEED] }];

function ask(days: number): number {
  const from = startOfMonth(NOW, -MONTHS);
  const range = { start: from, end: from + days * DAY };
  const question: SeriesQuestion = {
    range,
    step: 'day',
    by: ['provider'],
    match: new Map(),
    top: undefined,
    measure: 'cost',
  };
  return elapsed(() => {
    const work = ledger.series(question, accounts, NOW);
    let step = work.next();
    while (!step.done) step = work.next();
    if (step.value.total.total === undefined) throw new Error('the total is not known');
  });
}

const asked = { month: ask(31), year: ask(365) };
ledger.close();
const database = new DatabaseSync(file);
const archive = database.prepare('SELECT count(*) AS days, sum(length(amounts)) AS bytes FROM archive').get();
database.close();
send({
  days: Number(archive?.days),
  bytes: Number(archive?.bytes),
  file: statSync(file).size,
  without: statSync(without).size,
  closings: closings.slice(2, -1),
  starts,
  asked,
});
