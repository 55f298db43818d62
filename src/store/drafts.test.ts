import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { run } from '../../test/support/exporter/child.ts';
import { settings } from '../../test/support/ledger/ledger.ts';
import { AT, hashOf, ledgerFile, temporaryFolder } from '../../test/support/ledger/ledger-file.ts';
import { HOUR } from '../core/values/time.ts';
import { backUp, createBackups } from './backup.ts';
import { openDatabase, openExisting, StoreError } from './open.ts';
import { restoreLedger } from './restore.ts';

const settingsOf = () => settings().streams[0];
const NOW = AT + 50 * HOUR;
const restored = (path: string, from: string) => restoreLedger({ path, from, now: NOW, settingsOf });
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    assert.ok(error instanceof StoreError, `${error}`);
    return error.message;
  }
  return assert.fail('it was done');
}

function opened(context: TestContext): { database: DatabaseSync; path: string } {
  const path = ledgerFile(context);
  const database = openDatabase(path);
  context.after(() => database.isOpen && database.close());
  return { database, path };
}

test('backup: one that starts during a commit waits for its end', async (t) => {
  const { database } = opened(t);
  database.exec('BEGIN IMMEDIATE');
  setTimeout(() => database.exec('COMMIT'), 100);
  const file = await createBackups(database).make();
  assert.equal(new DatabaseSync(file).prepare('PRAGMA quick_check').get()?.quick_check, 'ok');
});

test('backup: a file that another process has locked fails with a clear message', async (t) => {
  const { database, path } = opened(t);
  database.exec('BEGIN IMMEDIATE');
  const backups = createBackups(database);
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const message = await refusal(() => backups.make());
  assert.match(message, /\.backup\.draft is locked by another process/);
  await backups.ended();
  const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  assert.ok(after <= before, `${before} timers, then ${after}`);
  database.exec('ROLLBACK');
  assert.equal(await backups.make(), `${path}.backup`, 'the next one is made');
});

test('backup: the next one removes drafts of killed processes, not those in use', async (t) => {
  const { database, path } = opened(t);
  const folder = temporaryFolder(t);
  for (const name of ['b-1.db.draft', 'b-1.db.draft-journal', 'b-1.db.draft.lock', 'mine.draft'])
    writeFileSync(join(folder, name), 'left');
  writeFileSync(join(folder, 'b-1.db.draft.lock'), '');
  writeFileSync(join(folder, 'b-2.db.draft'), 'being written');
  writeFileSync(join(folder, 'b-2.db.draft.lock'), '');
  const other = new DatabaseSync(join(folder, 'b-2.db.draft.lock'));
  other.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  await backUp(database, join(folder, 'b-3.db'), false);
  assert.deepEqual(readdirSync(folder).sort(), ['b-2.db.draft', 'b-2.db.draft.lock', 'b-3.db', 'mine.draft']);
  assert.match(
    await refusal(() => backUp(database, join(folder, 'b-2.db'), false)),
    /b-2\.db is being written by another process/,
  );
  other.close();
  await backUp(database, `${path}.backup`, true);
  await backUp(database, join(folder, 'b-2.db'), false);
  assert.deepEqual(readdirSync(folder).sort(), ['b-2.db', 'b-3.db', 'mine.draft']);
});

test('restore: of two at once one succeeds and one is refused', async (t) => {
  const { database, path } = opened(t);
  const from = join(temporaryFolder(t), 'b.db');
  await backUp(database, from, false);
  const copy = join(temporaryFolder(t), 'b.db');
  await backUp(database, copy, false);
  database.close();
  for (const place of [path, join(temporaryFolder(t), 'new.db')]) {
    const both = await Promise.allSettled([restored(place, from), restored(place, copy)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const refused = both.find(({ status }) => status === 'rejected');
    assert.match(
      `${refused?.status === 'rejected' && refused.reason}`,
      /is being written by another process/,
    );
    openExisting(place).close();
    assert.ok(!readdirSync(dirname(place)).some((name) => /draft|restoring|-wal$/.test(name)));
  }
});

test('restore: a ledger that is created meanwhile is not replaced', async (t) => {
  const { database } = opened(t);
  const from = join(temporaryFolder(t), 'b.db');
  await backUp(database, from, false);
  const place = join(temporaryFolder(t), 'new.db');
  const restoring = refusal(() => restored(place, from));
  openDatabase(place).close();
  const hash = hashOf(place);
  assert.match(await restoring, /new\.db was created meanwhile/);
  assert.equal(hashOf(place), hash);
});

test('files: ledger, log, backups and restored ledgers are closed to others, whatever the umask', async (t) => {
  const umask = process.umask(0o022);
  t.after(() => process.umask(umask));
  const folder = temporaryFolder(t);
  const path = join(folder, 'sub', 'ledger.db');
  const database = openDatabase(path);
  assert.deepEqual([path, `${path}-wal`, dirname(path)].map(modeOf), ['660', '660', '770']);
  const file = await createBackups(database).make();
  database.close();
  assert.equal(modeOf(file), '660');
  await restored(join(folder, 'restored.db'), file);
  assert.equal(modeOf(join(folder, 'restored.db')), '660');
});

test('files: a world-readable ledger of an older version is closed to others, a private one stays so', async (t) => {
  const { database, path } = opened(t);
  database.close();
  chmodSync(path, 0o644);
  openDatabase(path).close();
  assert.equal(modeOf(path), '660');
  chmodSync(path, 0o600);
  const again = openDatabase(path);
  assert.equal(modeOf(path), '600');
  const file = await createBackups(again).make();
  again.close();
  assert.equal(modeOf(file), '600');
  await restored(path, file);
  assert.equal(modeOf(path), '600');
});

test("another program's database keeps its mode", (t) => {
  const path = join(temporaryFolder(t), 'grafana.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA application_id = 77; CREATE TABLE dashboards (id INTEGER)');
  database.close();
  chmodSync(path, 0o644);
  assert.throws(() => openDatabase(path), /is not a ledger/);
  assert.equal(modeOf(path), '644');
});

test('files: a folder that cannot be created is named', () => {
  for (const path of ['/proc/nope/ledger.db', '/proc/nope/sub/ledger.db'])
    assert.throws(() => openDatabase(path), /cannot be opened: its folder cannot be created \(ENOENT/);
});

test('files: a directory, pipe or device is refused and never replaced', async (t) => {
  const { database } = opened(t);
  const folder = temporaryFolder(t);
  const from = join(folder, 'b.db');
  await backUp(database, from, false);
  const fifo = join(folder, 'fifo');
  assert.equal((await run('mkfifo', [fifo])).code, 0);
  const link = join(folder, 'device');
  assert.equal((await run('ln', ['-s', '/dev/null', link])).code, 0);
  for (const place of [fifo, link]) {
    assert.throws(() => openDatabase(place), /it is a device, a pipe or a socket/);
    assert.match(await refusal(() => restored(place, from)), /it is a device, a pipe or a socket/);
    assert.match(await refusal(() => restored(join(folder, 'new.db'), place)), /it is a device/);
    assert.match(await refusal(() => backUp(database, place, true)), /it is a device/);
    assert.equal(statSync(place).isFile(), false);
  }
  assert.equal(existsSync(join(folder, 'new.db')), false);
});
