import { rmSync } from 'node:fs';
import process from 'node:process';
import { Ledger } from '../../src/core/ledger.ts';
import { DAY, MINUTE, startOfDay } from '../../src/core/values/time.ts';
import { cacheCells } from '../../src/store/cache.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { billOf, chargesOf, daysOf, FEED, NOW, statementOf } from './bill.ts';
import { send } from './child.ts';

/** Applies a statement of 31 days to a ledger in a file: once, again unchanged, then with another amount in every charge. */
const [path = '', deployments = '', times = ''] = process.argv.slice(2);
const ledger = new Ledger(cacheCells(sqliteStore(openDatabase(path))));
const bill = billOf(Number(deployments));
const account = ledger.openAccount(bill.settings, bill.settings.since ?? 0);
const range = { start: startOfDay(NOW) - 30 * DAY, end: startOfDay(NOW) + DAY };

let asOf = NOW;
function applyMs(revision: number): number {
  // New objects each time, as in a parsed response.
  const charges = chargesOf(bill, daysOf(range), revision);
  asOf += 15 * MINUTE;
  const statement = statementOf(range, asOf, charges);
  globalThis.gc?.();
  const startedAt = performance.now();
  ledger.apply({ account, feed: FEED }, statement, bill.resources, asOf);
  return performance.now() - startedAt;
}

const first = applyMs(0);
const unchanged = Array.from({ length: Number(times) }, () => applyMs(0));
const changed = applyMs(1);
ledger.close();
rmSync(path);
send({ cells: bill.resources.length * 31, first, unchanged, changed });
