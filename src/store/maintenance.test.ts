import assert from 'node:assert/strict';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { cost, openBench, settings, statement, valuesOf } from '../../test/support/ledger/ledger.ts';
import { AT, hashOf, ledgerFile, temporaryFolder } from '../../test/support/ledger/ledger-file.ts';
import { Ledger } from '../core/ledger.ts';
import { HOUR } from '../core/values/time.ts';
import { backUp, createBackups } from './backup.ts';
import { problemsIn } from './check.ts';
import { accountsIn, forgetAccount } from './forget.ts';
import { openDatabase, openExisting, StoreError } from './open.ts';
import { rebaseAccount } from './reset-counters.ts';
import { restoreLedger } from './restore.ts';
import { MIGRATIONS } from './schema.ts';
import { seal } from './seals.ts';
import { sqliteStore } from './sqlite.ts';

const settingsOf = () => settings().streams[0];
const NOW = AT + 50 * HOUR;

function checked(path: string): string[] {
  const database = openExisting(path);
  try {
    return problemsIn(database, settingsOf);
  } finally {
    if (database.isOpen) database.close();
  }
}

function changed(path: string, sql: string): string {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(`PRAGMA journal_mode = DELETE; ${sql}`);
  database.close();
  return path;
}

/** What a ledger shows, by account. */
function shownBy(path: string, names: readonly string[] = ['prod', 'dev']): Map<string, number> {
  const ledger = new Ledger(sqliteStore(openDatabase(path)));
  for (const name of names) ledger.openAccount(settings({}, { name }), NOW);
  const values = valuesOf(ledger, NOW);
  ledger.close();
  return values;
}

const ofAccount = (values: ReadonlyMap<string, number>, name: string) =>
  [...values].filter(([key]) => key.split('|')[2] === name);

async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    assert.ok(error instanceof StoreError, `${error}`);
    return error.message;
  }
  return assert.fail('it was done');
}

const WRONG: readonly [sql: string, says: RegExp][] = [
  [
    `UPDATE series SET total = '1' WHERE id = 3`,
    /test\/prod cost "resource-2" .*counters come to .*, the cells to /,
  ],
  [`UPDATE series SET corrections = '-5' WHERE id = 3`, /a counter is below 0/],
  [`UPDATE cells SET value = '7' WHERE series = 3 AND bucket = ${AT + HOUR}`, /the counters come to /],
  [
    `UPDATE sums SET value = '7' WHERE kind = 'day' AND series = 4`,
    /day of 2026-11-\d\d: .*the sum is 0\.\d+7, the cells come to/,
  ],
  [`UPDATE sums SET value = '7' WHERE kind = 'month' AND series = 4`, /month of 2026-11-01: .*the sum is/],
  [`UPDATE cells SET series = 999 WHERE series = 3`, /40 rows of cells that belong to no row of series/],
  [`UPDATE readings SET stream = 9 WHERE stream = 1`, /rows of readings that belong to no row of streams/],
  [`UPDATE series SET target = 999 WHERE id = 3`, /1 rows of series that belong to no row of series/],
  ['DELETE FROM streams WHERE id = 1', /20 rows of series that belong to no row of streams/],
  [`UPDATE series SET total = '12x4' WHERE id = 3`, /a row is not as the ledger writes it: .*12x4/],
  [`UPDATE resources SET facts = '{'`, /a row is not as the ledger writes it: /],
];

test('check: finds what does not add up and changes no byte', (t) => {
  const good = ledgerFile(t);
  const before = hashOf(good);
  assert.deepEqual(checked(good), []);
  assert.equal(hashOf(good), before);
  assert.deepEqual(readdirSync(dirname(good)), ['ledger.db']);
  for (const [sql, says] of WRONG) {
    const path = `${good}.copy`;
    copyFileSync(good, path);
    const wrong = hashOf(changed(path, sql));
    assert.match(checked(path).join('\n'), says, sql);
    assert.equal(hashOf(path), wrong, sql);
  }
});

test('check: names damaged pages', (t) => {
  const path = ledgerFile(t);
  const content = readFileSync(path);
  content.fill(0xaa, 4096 * 6, 4096 * 6 + 64);
  writeFileSync(path, content);
  assert.ok(checked(path).length > 0);
});

test('check: an older ledger is checked as migrated and stays as it is', (t) => {
  const path = join(temporaryFolder(t), 'old.db');
  const database = new DatabaseSync(path);
  for (const script of MIGRATIONS.slice(0, 2)) database.exec(script);
  database.exec('PRAGMA application_id = 0x6169626c; PRAGMA user_version = 2');
  database.exec(`INSERT INTO accounts VALUES (1, 'test', 'prod', NULL, 0)`);
  database.close();
  const before = hashOf(path);
  assert.deepEqual(checked(path), []);
  assert.equal(hashOf(path), before);
});

test('maintenance: a missing file or another database is refused', async (t) => {
  const folder = temporaryFolder(t);
  assert.match(await refusal(() => openExisting(join(folder, 'none.db'))), /none\.db does not exist/);
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(join(folder, 'empty.db'), '');
  assert.match(await refusal(() => openExisting(join(folder, 'empty.db'))), /is empty/);
  assert.equal(statSync(join(folder, 'empty.db')).size, 0);
  writeFileSync(join(folder, 'text.db'), 'a letter\n'.repeat(1000));
  assert.match(await refusal(() => openExisting(join(folder, 'text.db'))), /is not a ledger/);
});

/** Commits a statement that moves every cell, as the feed of a running exporter does. */
function restate(ledger: Ledger, turn: number): void {
  const range = { start: AT, end: AT + 10 * HOUR };
  const lines = Array.from({ length: 200 }, (_, index) =>
    cost(AT + (index % 10) * HOUR, `r-${index % 20}`, turn),
  );
  ledger.apply({ account: 1, feed: 'usage' }, statement('hour', range, NOW + turn, lines), [], NOW + turn);
}

test('backup: a copy of a ledger in use is of one instant', async (t) => {
  const path = ledgerFile(t, 300);
  const database = openDatabase(path);
  const ledger = new Ledger(sqliteStore(database));
  ledger.openAccount(settings(), NOW);
  const backups = createBackups(database);
  let turn = 0;
  for (let round = 0; round < 5; round += 1) {
    const writing = setInterval(() => restate(ledger, ++turn), 1);
    const first = turn;
    const [file, same] = await Promise.all([backups.make(), backups.make()]);
    clearInterval(writing);
    assert.equal(file, same, 'one is enough');
    assert.ok(turn > first, 'it was written to meanwhile');
    assert.deepEqual(checked(file), []);
  }
  await backups.ended();
  ledger.close();
  assert.deepEqual(readdirSync(dirname(path)).sort(), ['ledger.db', 'ledger.db.backup']);
  assert.match(await refusal(() => createBackups(openDatabase(':memory:')).make()), /in memory/);
});

test('backup: refused if the file exists or cannot be written, without leftovers', async (t) => {
  const path = ledgerFile(t);
  const before = hashOf(path);
  const database = openExisting(path);
  t.after(() => database.close());
  const folder = temporaryFolder(t);
  const file = join(folder, 'backup.db');
  await backUp(database, file, false);
  const backup = hashOf(file);
  assert.equal(
    await refusal(() => backUp(database, file, false)),
    `${file} exists already, and is left as it is.`,
  );
  assert.equal(hashOf(file), backup);
  mkdirSync(join(folder, 'folder'));
  assert.match(await refusal(() => backUp(database, join(folder, 'folder'), false)), /folder exists already/);
  assert.match(await refusal(() => backUp(database, join(folder, 'none', 'b.db'), false)), /b\.db cannot be/);
  assert.deepEqual(readdirSync(folder).sort(), ['backup.db', 'folder']);
  assert.equal(hashOf(path), before);
  assert.deepEqual(checked(file), []);
});

/** A backup of the ledger, and the ledger as it went on after it. */
async function backedUp(context: TestContext): Promise<{ path: string; from: string }> {
  const path = ledgerFile(context);
  const from = join(temporaryFolder(context), 'backup.db');
  const database = openExisting(path);
  await backUp(database, from, false);
  database.close();
  const bench = openBench(settings(), { path });
  restate(bench.ledger, 5);
  bench.ledger.close();
  return { path, from };
}

const restored = (path: string, from: string) => restoreLedger({ path, from, now: NOW, settingsOf });

test('restore: counters restart at 0, and the previous ledger is kept', async (t) => {
  const { path, from } = await backedUp(t);
  const [backup, old] = [hashOf(from), shownBy(path)];
  const aside = await restored(path, from);
  assert.equal(aside, `${path}.before-restore-20261122T120000Z`);
  assert.equal(hashOf(from), backup);
  assert.deepEqual(shownBy(aside), old);
  assert.deepEqual(checked(path), []);
  const now = shownBy(path);
  for (const [name, value] of shownBy(from))
    assert.equal(now.get(name), name.includes('_total|') ? 0 : value, name);
  const store = sqliteStore(openDatabase(path));
  assert.deepEqual(store.deliveries('a'), [], 'a receiver is known, and is told everything from 0 on');
  assert.deepEqual(new Set(store.load().series.map(({ createdAt }) => createdAt)), new Set([NOW]));
  store.close();
  assert.deepEqual(readdirSync(dirname(path)).sort(), ['ledger.db', aside.slice(dirname(path).length + 1)]);
});

test('restore: works without a previous ledger', async (t) => {
  const { from } = await backedUp(t);
  const lost = join(temporaryFolder(t), 'sub.db');
  assert.equal(await restored(lost, from), undefined);
  assert.deepEqual(checked(lost), []);
});

/** The files of a ledger as `kill -9` leaves them: the last commits stand in the log alone. */
function killed(path: string): void {
  const bench = openBench(settings(), { path });
  restate(bench.ledger, 7);
  for (const name of [path, `${path}-wal`]) copyFileSync(name, `${name}.left`);
  bench.ledger.close();
  for (const name of [path, `${path}-wal`]) renameSync(`${name}.left`, name);
}

test('restore: the log of the previous ledger never meets the restored one', async (t) => {
  for (const damage of [[], [0], [4096 * 6], [4096, 4096 * 2, 4096 * 3, 4096 * 4]]) {
    const { path, from } = await backedUp(t);
    killed(path);
    const content = readFileSync(path);
    for (const at of damage) content.fill(0xaa, at, at + 100);
    writeFileSync(path, content);
    const aside = (await restored(path, from)) ?? assert.fail('nothing was kept');
    assert.equal(existsSync(`${path}-wal`), false);
    assert.deepEqual(checked(path), []);
    assert.equal(shownBy(path).get('ai_billing_cost_usd_total|test|prod|resource-1|||USD'), 0);
    if (damage.length === 0)
      assert.equal(shownBy(aside).has('ai_billing_cost_usd_total|test|prod|r-7|||USD'), true);
  }
});

test('restore: the owner of the ledger stays its owner', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give files away');
  const { path, from } = await backedUp(t);
  chownSync(path, 65_532, 65_533);
  await restored(path, from);
  const { uid, gid } = statSync(path);
  assert.deepEqual([uid, gid], [65_532, 65_533]);
});

test('restore: a refused one changes no byte', async (t) => {
  const { path, from } = await backedUp(t);
  const folder = dirname(from);
  const before = hashOf(path);
  const unbalanced = join(folder, 'unbalanced.db');
  copyFileSync(from, unbalanced);
  changed(unbalanced, `UPDATE series SET total = '1' WHERE id = 3`);
  const damaged = join(folder, 'damaged.db');
  writeFileSync(damaged, readFileSync(from).fill(0xaa, 4096 * 6, 4096 * 6 + 64));
  writeFileSync(join(folder, 'text.db'), 'a letter\n'.repeat(1000));
  const cases: readonly [file: string, says: RegExp][] = [
    ['none.db', /does not exist/],
    ['text.db', /is not a ledger/],
    ['damaged.db', /is damaged/],
    ['unbalanced.db', /is no good backup, and nothing was changed: test\/prod cost "resource-2"/],
  ];
  for (const [name, says] of cases)
    assert.match(await refusal(() => restored(path, join(folder, name))), says);
  assert.match(await refusal(() => restored(path, path)), /is the ledger itself/);
  const using = openDatabase(from);
  assert.match(await refusal(() => restored(path, from)), /backup\.db is in use by another process/);
  using.close();
  assert.equal(hashOf(path), before);
  assert.deepEqual(readdirSync(dirname(path)), ['ledger.db']);
  const running = openDatabase(path);
  assert.match(await refusal(() => restored(path, from)), /ledger\.db is in use by another process/);
  running.close();
  assert.deepEqual(readdirSync(dirname(path)), ['ledger.db']);
});

test('forget: leaves nothing of the account, and nothing else moves', async (t) => {
  const path = ledgerFile(t);
  const before = shownBy(path);
  leaveTraces(path);
  assert.equal(await forgetAccount(path, 'test', 'nobody'), false);
  assert.ok(readFileSync(path).includes('dev-trace'));
  assert.equal(await forgetAccount(path, 'test', 'dev'), true);
  const database = openDatabase(path);
  assert.deepEqual(accountsIn(database), ['test/prod']);
  assert.equal(sqliteStore(database).deliveries('a')?.length, 1);
  assert.equal(sqliteStore(database).archivedDay(1, 0).size, 1);
  assert.throws(() => sqliteStore(database).archivedDay(2, 0));
  database.close();
  for (const text of ['dev-resource', 'dev-trace'])
    assert.ok(!readFileSync(path).includes(text), `${text}: not even in unused parts of pages`);
  assert.deepEqual(readdirSync(dirname(path)), ['ledger.db']);
  assert.deepEqual(checked(path), []);
  assert.deepEqual(ofAccount(shownBy(path, ['prod']), 'prod'), ofAccount(before, 'prod'));
  renameSync(path, `${path}.moved`);
  assert.deepEqual(checked(`${path}.moved`), []);
});

/** Writes notes that are replaced by others: parts of them stay in unused parts of pages. Archives a day of each account. */
function leaveTraces(path: string): void {
  const database = openDatabase(path);
  const { id = null } = database.prepare(`SELECT id FROM accounts WHERE name = 'dev'`).get() ?? {};
  const write = database.prepare('INSERT OR REPLACE INTO requests VALUES (?, ?)');
  for (const size of [3000, 2000, 1000, 10]) write.run(id, 'dev-trace '.repeat(size / 10));
  seal(database);
  const archived = [1, 2].map((stream) => ({ stream, day: 0, amounts: new Map([[1, 5n]]) }));
  sqliteStore(database).commit({ archived });
  database.close();
}

test('forget: without disk space the account stays whole', async (t) => {
  const path = ledgerFile(t);
  const before = shownBy(path);
  mkdirSync(`${path}.draft`);
  writeFileSync(join(`${path}.draft`, 'in-the-way'), '');
  await assert.rejects(forgetAccount(path, 'test', 'dev'), StoreError);
  rmSync(`${path}.draft`, { recursive: true });
  assert.deepEqual(shownBy(path), before);
  assert.deepEqual(checked(path), []);
});

test('rebase: resets one account only, and the ledger adds up', (t) => {
  const path = ledgerFile(t);
  const before = shownBy(path);
  const database = openDatabase(path);
  assert.equal(rebaseAccount(database, { provider: 'test', name: 'nobody', now: NOW, settingsOf }), false);
  assert.equal(rebaseAccount(database, { provider: 'test', name: 'prod', now: NOW, settingsOf }), true);
  const store = sqliteStore(database);
  const labels = store.deliveries('a')?.map((row) => row.labels[1]);
  assert.deepEqual(labels, ['dev'], 'the receiver gets the account from 0 on');
  store.close();
  assert.deepEqual(checked(path), []);
  const after = shownBy(path);
  assert.deepEqual(ofAccount(after, 'dev'), ofAccount(before, 'dev'));
  for (const [name, value] of ofAccount(before, 'prod'))
    assert.equal(after.get(name), name.includes('_total|') ? 0 : value, name);
});

test('maintenance: damaged rows are not sealed by a command that changes others', async (t) => {
  const path = changed(
    ledgerFile(t),
    `UPDATE cells SET value = '7' WHERE series = 3 AND bucket = ${AT + HOUR}`,
  );
  await assert.rejects(forgetAccount(path, 'test', 'dev'), /ledger\.db is damaged/);
  const database = openDatabase(path);
  assert.throws(
    () => rebaseAccount(database, { provider: 'test', name: 'dev', now: NOW, settingsOf }),
    /ledger\.db is damaged/,
  );
  database.close();
  assert.match(checked(path).join(), /the file is damaged: cells/);
});
