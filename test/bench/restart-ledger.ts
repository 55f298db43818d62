import process from 'node:process';
import { Ledger } from '../../src/core/ledger.ts';
import {
  ceilTo,
  DAY,
  type Granularity,
  MINUTE,
  type Range,
  sizeOf,
  startOfDay,
} from '../../src/core/values/time.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { billOf, chargesOf, FEED } from './bill.ts';
import { send } from './child.ts';

/**
 * Writes a ledger of a million cells into a file, as the exporter itself does, up to now: 10,000 deployments of Baseten by the day, and
 * 1,000 services of Northflank by the hour.
 */
const now = Date.now();
const ledger = new Ledger(sqliteStore(openDatabase(process.argv[2] ?? '')));

function fill(provider: string, resources: number, granularity: Granularity, days: number): number {
  const bill = billOf(resources, now);
  const size = sizeOf(granularity);
  const whole = { start: startOfDay(now) - (days - 1) * DAY, end: ceilTo(size, now) };
  const streams = [
    { name: FEED, granularities: [granularity], settleMs: DAY, reachMs: DAY, lagMs: DAY },
  ] as const;
  const account = ledger.openAccount(
    { ...bill.settings, provider, since: whole.start, streams },
    whole.start,
  );
  let asOf = now - DAY;
  let cells = 0;
  for (let start = whole.start; start < whole.end; start += 5 * DAY) {
    const range = { start, end: Math.min(start + 5 * DAY, whole.end) };
    const charges = chargesOf(bill, bucketsOf(range, size));
    asOf += MINUTE;
    const statement = { stream: FEED, granularity, range, asOf, charges, omittedTiers: [] };
    ledger.apply({ account, feed: FEED }, statement, bill.resources, now);
    cells += charges.length;
  }
  return cells;
}

function bucketsOf({ start, end }: Range, size: number): number[] {
  return Array.from({ length: Math.round((end - start) / size) }, (_, index) => start + index * size);
}

const cells = fill('baseten', 10_000, 'day', 60) + fill('northflank', 1000, 'hour', 17);
ledger.close();
send({ cells });
