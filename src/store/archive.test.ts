import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { cost, openBench, settings, statement, utc } from '../../test/support/ledger/ledger.ts';
import { temporaryFolder } from '../../test/support/ledger/ledger-file.ts';
import { assertProperty } from '../../test/support/ledger/property.ts';
import { StoreError } from '../core/ledger/records.ts';
import { DAY, HOUR } from '../core/values/time.ts';
import { problemsIn } from './check.ts';
import { openDatabase, openExisting } from './open.ts';
import { sqliteStore } from './sqlite.ts';

const SINCE = utc('2026-08-01');
const OWN = settings({}, { since: SINCE, maxSeries: 100_000 });
const NOW = utc('2026-10-05');
/** No page is few enough for a full check at the start. */
const AS_LARGE = 0;

/** A ledger in which August is archived, in days of several pages. */
function archivedLedger(t: TestContext): string {
  const path = join(temporaryFolder(t), 'ledger.db');
  const bench = openBench(OWN, { path });
  const first = SINCE + 9 * HOUR;
  // Digits that do not repeat, so that a day takes several pages.
  const dollars = (index: number) => (((index + 1) * 2_654_435_761) % 2 ** 32) / 1e6;
  const charges = Array.from({ length: 12_000 }, (_, index) =>
    cost(first + (index % 4) * DAY, `resource-${index >> 2}`, dollars(index)),
  );
  const read = { start: SINCE, end: utc('2026-09-20') };
  bench.apply(statement('hour', read, read.end, charges));
  bench.ledger.maintain(NOW);
  bench.ledger.close();
  return path;
}

const isRefusal = (error: unknown) => error instanceof StoreError && /damaged/.test(error.message);

function bodyOf(database: DatabaseSync, day: number): Uint8Array {
  const row = database.prepare('SELECT amounts FROM archive WHERE day = ?').get(day);
  assert.ok(row?.amounts instanceof Uint8Array);
  return row.amounts;
}

function problemsOf(path: string): string[] {
  using database = openExisting(path);
  return problemsIn(database, () => OWN.streams[0]);
}

test('archive: what is read is what was written, whatever the amounts', () => {
  const amounts = fc.uniqueArray(
    fc.tuple(fc.nat(2 ** 31 - 1), fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })),
    {
      selector: ([id]) => id,
    },
  );
  const store = sqliteStore(openDatabase(':memory:'));
  assertProperty(
    fc.property(amounts, fc.nat(40_000), (given, day) => {
      store.commit({ archived: [{ stream: 1, day: day * DAY, amounts: new Map(given) }] });
      const sorted = given.filter(([, amount]) => amount !== 0n).sort(([a], [b]) => a - b);
      assert.deepEqual([...store.archivedDay(1, day * DAY)], sorted);
    }),
  );
  store.close();
});

test('archive: a day with any changed byte, or without its row, is refused when it is read', (t) => {
  const database = openDatabase(archivedLedger(t));
  const store = sqliteStore(database);
  const body = bodyOf(database, SINCE);
  assert.ok(body.length > 4096, `${body.length} bytes`);
  const put = database.prepare('UPDATE archive SET amounts = ? WHERE day = ?');
  for (let at = 0; at < body.length; at += 97) {
    const damaged = body.with(at, (body[at] ?? 0) ^ (1 << (at % 8)));
    put.run(damaged, SINCE);
    assert.throws(() => store.archivedDay(1, SINCE), isRefusal, `byte ${at}`);
  }
  put.run(bodyOf(database, SINCE + DAY), SINCE);
  assert.throws(() => store.archivedDay(1, SINCE), isRefusal, 'of another day');
  put.run(body, SINCE);
  assert.equal(store.archivedDay(1, SINCE).size, 3000);
  database.exec(`DELETE FROM archive WHERE day = ${SINCE}`);
  assert.throws(() => store.archivedDay(1, SINCE), isRefusal, 'missing');
  store.close();
});

test('archive: a damaged page keeps no exporter from starting, and no other day from being read or dropped', (t) => {
  const path = archivedLedger(t);
  using sound = openExisting(path);
  const middle = Buffer.from(bodyOf(sound, SINCE).subarray(5000, 5032));
  sound.close();
  const bytes = readFileSync(path);
  const at = bytes.indexOf(middle);
  assert.ok(at > 0);
  bytes.fill(0xaa, at - (at % 4096), at - (at % 4096) + 64);
  writeFileSync(path, bytes);
  assert.throws(() => openDatabase(path).close(), isRefusal, 'a small ledger is checked in full');
  const store = sqliteStore(openDatabase(path, AS_LARGE));
  assert.throws(() => store.archivedDay(1, SINCE), isRefusal);
  assert.equal(store.archivedDay(1, SINCE + DAY).size, 3000);
  store.commit({ droppedArchive: { stream: 1, before: SINCE + 2 * DAY } });
  assert.throws(() => store.archivedDay(1, SINCE + DAY), isRefusal, 'dropped');
  assert.equal(store.archivedDay(1, SINCE + 2 * DAY).size, 3000);
  store.close();
});

test('archive: ledger check finds missing days, and days that do not come to their month', (t) => {
  const path = archivedLedger(t);
  assert.deepEqual(problemsOf(path), []);
  const store = sqliteStore(openDatabase(path));
  store.commit({ archived: [{ stream: 1, day: SINCE, amounts: new Map() }] });
  store.close();
  assert.match(problemsOf(path).join(), /month of 2026-08-01: test\/prod cost "resource-0".* the sum is /);
  const database = openDatabase(path);
  database.exec(`DELETE FROM archive WHERE day = ${SINCE}`);
  database.close();
  assert.match(problemsOf(path).join(), /archive \(1\) of 2026-08-01T00:00 are not as the ledger wrote them/);
});
