import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { cost, openBench, settings, statement, utc, valuesOf } from '../../test/support/ledger/ledger.ts';
import { Ledger } from '../core/ledger.ts';
import { HOUR } from '../core/values/time.ts';
import { createWriter } from '../poll/writer.ts';
import { cacheCells } from './cache.ts';
import { openDatabase, StoreError } from './open.ts';
import { brokenSeals } from './seals.ts';
import { sqliteStore } from './sqlite.ts';

const AT = utc('2026-11-20T10:00');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A ledger's file with some hundred cells in it, closed. */
function ledgerFile(t: TestContext): string {
  const path = join(folder(t), 'ledger.db');
  const bench = openBench(settings(), { path });
  for (let index = 0; index < 40; index += 1) {
    const start = AT + index * HOUR;
    const lines = Array.from({ length: 20 }, (_, each) => cost(start, `resource-${each}`, index + each));
    bench.apply(statement('hour', { start, end: start + HOUR }, start + HOUR, lines));
  }
  bench.ledger.close();
  return path;
}

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Opens the file as the program does, and returns what the refusal says. */
function refusal(path: string): string {
  try {
    new Ledger(sqliteStore(openDatabase(path))).close();
  } catch (error) {
    assert.ok(error instanceof StoreError, `not a StoreError: ${error}`);
    return error.message;
  }
  return assert.fail(`${path} was opened`);
}

function assertLeft(path: string, says: RegExp): void {
  const [before, files] = [hashOf(path), readdirSync(join(path, '..'))];
  const message = refusal(path);
  assert.ok(message.startsWith(path), message);
  assert.match(message, says);
  assert.equal(hashOf(path), before, 'the bytes were left as they were');
  assert.deepEqual(readdirSync(join(path, '..')), files, 'and nothing stands beside it');
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, at);
  writeFileSync(path, content);
}

test('store: a truncated file is refused', (t) => {
  for (const share of [0.5, 0.9]) {
    const path = ledgerFile(t);
    truncateSync(path, Math.floor(readFileSync(path).length * share));
    assertLeft(path, /is damaged.*restore a backup/);
  }
});

test('store: a file shorter than its header is refused', (t) => {
  for (const length of [1, 50, 99]) {
    const path = ledgerFile(t);
    truncateSync(path, length);
    assertLeft(path, /not a ledger|damaged/);
  }
});

test('store: a damaged header is refused', (t) => {
  for (const at of [0, 16, 18, 20, 28, 32, 36, 44, 52, 56, 60, 64, 68]) {
    const path = ledgerFile(t);
    overwrite(path, at, Buffer.from([0xff, 0xfe, 0xfd, 0xfc]));
    assertLeft(path, /damaged|not a ledger|newer version|cannot be/);
  }
});

test('store: damaged pages are refused', (t) => {
  const pages = readFileSync(ledgerFile(t)).length / 4096;
  for (let page = 1; page < pages; page += 3) {
    const path = ledgerFile(t);
    overwrite(path, page * 4096, Buffer.alloc(64, 0xaa));
    assertLeft(path, /is damaged/);
  }
});

test('store: rows that no longer fit are refused', (t) => {
  for (const change of [
    `UPDATE series SET total = '12x4' WHERE id = 3`,
    `UPDATE series SET measure = 'coin' WHERE id = 3`,
    `UPDATE resources SET facts = '{'`,
    `UPDATE readings SET granularity = 'year'`,
    `DROP TABLE cells`,
    `ALTER TABLE series DROP COLUMN rolled`,
  ]) {
    const path = ledgerFile(t);
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA journal_mode = DELETE; ${change}`);
    database.close();
    const message = refusal(path);
    assert.match(message, /is damaged/, change);
    assert.ok(message.startsWith(path));
  }
});

test("a text file and another program's database are refused", (t) => {
  const text = join(folder(t), 'notes.txt');
  writeFileSync(text, 'accounts:\n'.repeat(1000));
  assertLeft(text, /not a ledger.*state\.path/);
  const foreign = join(folder(t), 'grafana.db');
  const database = new DatabaseSync(foreign);
  database.exec('PRAGMA application_id = 77; CREATE TABLE dashboards (id INTEGER)');
  database.close();
  assertLeft(foreign, /not a ledger.*state\.path/);
});

test('store: a ledger of a newer version is refused', (t) => {
  const path = ledgerFile(t);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  assertLeft(path, /newer version \(schema 99, this one knows \d+\).*Run that version again/);
});

test('store: a directory, or a file in place of a folder, is refused', (t) => {
  const path = folder(t);
  assert.match(refusal(path), /cannot be opened/);
  const file = join(path, 'file');
  writeFileSync(file, 'text');
  const message = refusal(join(file, 'ledger.db'));
  assert.ok(message.startsWith(join(file, 'ledger.db')), message);
});

test('store: a ledger in use is refused', (t) => {
  const path = ledgerFile(t);
  const first = new Ledger(sqliteStore(openDatabase(path)));
  const message = refusal(path);
  assert.ok(message.startsWith(path));
  assert.match(message, /in use by another process.*state\.path/);
  first.close();
  new Ledger(sqliteStore(openDatabase(path))).close();
});

test('store: an empty file, as a crash at the first start leaves it, becomes a ledger', (t) => {
  const path = join(folder(t), 'ledger.db');
  writeFileSync(path, '');
  const bench = openBench(settings(), { path });
  bench.apply(statement('hour', { start: AT, end: AT + HOUR }, AT + HOUR, [cost(AT, 'a', 1)]));
  bench.ledger.close();
});

test('store: a database without tables, as a first start may leave it, becomes a ledger', (t) => {
  const path = join(folder(t), 'ledger.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  database.close();
  new Ledger(sqliteStore(openDatabase(path))).close();
});

test('store: missing folders are created', (t) => {
  const path = join(folder(t), 'a', 'b', 'ledger.db');
  new Ledger(sqliteStore(openDatabase(path))).close();
  mkdirSync(join(path, '..'), { recursive: true });
  assert.deepEqual(readdirSync(join(path, '..')), ['ledger.db']);
});

test('store: a full disk during a commit changes neither memory nor file, and the next commit works', (t) => {
  const path = join(folder(t), 'ledger.db');
  const database = openDatabase(path);
  const ledger = new Ledger(sqliteStore(database));
  const feed = { account: ledger.openAccount(settings(), AT), feed: 'usage' };
  const apply = (from: number, count: number, resources: number) => {
    const range = { start: AT + from * HOUR, end: AT + (from + count) * HOUR };
    const lines = Array.from({ length: count * resources }, (_, index) =>
      cost(range.start + (index % count) * HOUR, `resource-${Math.floor(index / count)}`, index),
    );
    ledger.apply(feed, statement('hour', range, range.end, lines), [], range.end);
  };
  const now = AT + 400 * HOUR;
  apply(0, 10, 5);
  for (const spare of [0, 1, 3, 10, 30]) {
    const pages = Object.values(database.prepare('PRAGMA page_count').get() ?? {})[0];
    const before = valuesOf(ledger, now);
    const stored = dump(database);
    database.exec(`PRAGMA max_page_count = ${Number(pages) + spare}`);
    assert.throws(() => apply(10, 200, 40), /full/);
    assert.deepEqual(valuesOf(ledger, now), before);
    assert.deepEqual(dump(database), stored);
  }
  database.exec('PRAGMA max_page_count = 1000000');
  apply(10, 200, 40);
  const after = valuesOf(ledger, now);
  ledger.close();
  const again = new Ledger(sqliteStore(openDatabase(path)));
  again.openAccount(settings(), AT);
  assert.deepEqual(valuesOf(again, now), after);
  again.close();
});

test('store: a full disk during a transaction leaves nothing of it', async (t) => {
  const path = join(folder(t), 'ledger.db');
  const database = openDatabase(path);
  const ledger = new Ledger(cacheCells(sqliteStore(database)));
  const feed = { account: ledger.openAccount(settings({}, { maxSeries: 200 }), AT), feed: 'usage' };
  const write = createWriter((work) => ledger.transaction(work), Number.POSITIVE_INFINITY);
  const apply = (from: number, count: number, resources: number) =>
    write(() => {
      const range = { start: AT + from * HOUR, end: AT + (from + count) * HOUR };
      const lines = Array.from({ length: count * resources }, (_, index) =>
        cost(range.start + (index % count) * HOUR, `resource-${Math.floor(index / count)}`, index),
      );
      return ledger.apply(feed, statement('hour', range, range.end, lines), [], range.end);
    });
  const now = AT + 700 * HOUR;
  await apply(0, 10, 5);
  const group = () =>
    Promise.allSettled([apply(10, 1, 5), apply(11, 5, 40), apply(16, 400, 40), apply(416, 5, 6)]);
  const labelSets = Array.from({ length: 40 }, (_, index) => cost(AT, `resource-${index}`, 1));
  const knownTo = (each: Ledger) => labelSets.map((key) => each.hasLabelSet(feed.account, 'usage', key));
  for (const spare of [1, 3, 10, 30]) {
    const pages = Object.values(database.prepare('PRAGMA page_count').get() ?? {})[0];
    database.exec(`PRAGMA max_page_count = ${Number(pages) + spare}`);
    const knownBefore = knownTo(ledger);
    const alone = await apply(10, 1, 5).then(() => valuesOf(ledger, now));
    const ended = await group();
    for (const each of ended.slice(1)) {
      assert.equal(each.status, 'rejected');
      assert.match(`${each.reason}`, /full/);
    }
    assert.deepEqual(valuesOf(ledger, now), alone);
    assert.deepEqual(knownTo(ledger), knownBefore);
    assert.deepEqual(brokenSeals(database), []);
  }
  database.exec('PRAGMA max_page_count = 1000000');
  const ended = await group();
  assert.deepEqual(
    ended.map(({ status }) => status),
    Array(4).fill('fulfilled'),
  );
  const [after, knownAfter] = [valuesOf(ledger, now), knownTo(ledger)];
  assert.ok(knownAfter.every(Boolean));
  ledger.close();
  const again = new Ledger(sqliteStore(openDatabase(path)));
  again.openAccount(settings({}, { maxSeries: 200 }), AT);
  assert.deepEqual(valuesOf(again, now), after);
  assert.deepEqual(knownTo(again), knownAfter);
  again.close();
});

function dump(database: DatabaseSync): unknown {
  const tables = [
    'accounts',
    'streams',
    'series',
    'resources',
    'cells',
    'readings',
    'sums',
    'hours',
    'feeds',
    'silences',
    'compacted',
  ];
  return tables.map((table) => database.prepare(`SELECT * FROM ${table}`).all());
}
