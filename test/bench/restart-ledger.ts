import process from 'node:process';
import { openLedger } from '../../src/core/ledger.ts';
import { DAY, startOfDay } from '../../src/core/time.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { billOf, daysOf, FEED, linesOf, statementOf } from './bill.ts';
import { say } from './child.ts';

/** Writes a ledger of so many deployments and days into a file, as the exporter itself does, up to today. */
const [path = '', deployments = '', days = ''] = process.argv.slice(2);
const now = Date.now();
const ledger = openLedger(sqliteStore(openDatabase(path)));
const bill = billOf(Number(deployments), now);
const since = startOfDay(now) - (Number(days) - 1) * DAY;
const account = ledger.open({ ...bill.settings, since });
for (let start = since; start < now; start += 5 * DAY) {
  const range = { start, end: Math.min(start + 5 * DAY, startOfDay(now) + DAY) };
  const statement = statementOf(range, now - DAY + start / DAY, linesOf(bill, daysOf(range)));
  ledger.apply({ account, feed: FEED }, statement, bill.resources, now);
}
ledger.close();
say({ cells: bill.resources.length * Number(days) });
