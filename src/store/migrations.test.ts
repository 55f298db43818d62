import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ledgerFile } from '../../test/support/ledger/ledger-file.ts';
import { openDatabase } from './open.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';
import { brokenSeals, seal } from './seals.ts';
import { sqliteStore } from './sqlite.ts';

const BASELINE = Date.parse('2026-11-01T00:00:00Z');

test('migrations: series of schema 2 get the first reading of their account as created time', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ledger.db');
  const old = new DatabaseSync(path);
  for (const script of MIGRATIONS.slice(0, 2)) old.exec(script);
  old.exec(`
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 2;
    INSERT INTO accounts VALUES (1, 'venice', 'prod', ${BASELINE}, 0), (2, 'venice', 'dev', NULL, 0);
    INSERT INTO streams VALUES (1, 1, 'usage', 0, 0);
    INSERT INTO series VALUES (1, 1, 'cost', '', 'm', '', 'USD', 1, '5', '0', NULL, NULL, NULL, 0, 0, 0, '0');
  `);
  old.close();
  const before = Date.now() - 1000;
  const store = sqliteStore(openDatabase(path));
  const { accounts, series } = store.load();
  assert.deepEqual(
    series.map(({ id, total, createdAt }) => ({ id, total, createdAt })),
    [{ id: 1, total: 5n, createdAt: BASELINE }],
  );
  const [read, unread] = accounts;
  assert.equal(read?.openedAt, BASELINE);
  assert.ok(unread && unread.openedAt >= before && unread.openedAt <= Date.now() + 1000);
  assert.equal(store.deliveries('default'), undefined);
  store.close();
});

/** A ledger as schema 4 had it: with one baseline per account. */
const BEFORE_5 = `
  DROP TABLE archive;
  ALTER TABLE streams DROP COLUMN archived_from;
  ALTER TABLE streams DROP COLUMN baseline;
  ALTER TABLE accounts ADD COLUMN baseline INTEGER;
  UPDATE accounts SET baseline = ${BASELINE};
`;

/** A ledger as schema 3 had it: without digests. */
function unsealed(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = DELETE;
    ${BEFORE_5}
    DROP TABLE digests; DROP TABLE folded; ALTER TABLE accounts DROP COLUMN zero_shown;
    PRAGMA user_version = 3;
  `);
  database.close();
}

test('migrations: streams of schema 4 get the baseline of their account', (t) => {
  const path = ledgerFile(t);
  const old = new DatabaseSync(path);
  old.exec(`${BEFORE_5} INSERT INTO streams VALUES (9, 1, 'second', 0, 0); PRAGMA user_version = 4`);
  seal(old);
  old.close();
  const database = openDatabase(path);
  assert.deepEqual(brokenSeals(database), []);
  const store = sqliteStore(database);
  const { streams } = store.load();
  assert.ok(streams.length > 1);
  assert.deepEqual(new Set(streams.map(({ baseline }) => baseline)), new Set([BASELINE]));
  store.close();
});

test('migrations: a ledger of schema 3 gets digests of all rows', (t) => {
  const path = ledgerFile(t);
  unsealed(path);
  const database = openDatabase(path);
  assert.deepEqual(brokenSeals(database), []);
  const [count] = Object.values(database.prepare('SELECT count(*) FROM digests').get() ?? {});
  assert.ok(Number(count) > 10, `${count} digests`);
  database.exec(`UPDATE cells SET value = '7' WHERE series = 3`);
  assert.match(
    brokenSeals(database).join(),
    /cells \(1 hour\) of 2026-11-20T00:00 are not as the ledger wrote them/,
  );
  database.close();
});

test('migrations: a damaged ledger of schema 3 is refused before it gets digests', (t) => {
  const path = ledgerFile(t);
  unsealed(path);
  const bytes = readFileSync(path);
  // The granularity, six bytes of the hour and one of the series stand before the value: 39 dollars.
  let at = bytes.indexOf('39000000000000');
  while (bytes.toString('latin1', at - 11, at - 7) !== 'hour') at = bytes.indexOf('39000000000000', at + 1);
  bytes[at - 7] = (bytes[at - 7] ?? 0) ^ 0x02;
  writeFileSync(path, bytes);
  assert.throws(() => openDatabase(path), /ledger\.db is damaged/);
  assert.ok(readFileSync(path).equals(bytes), 'it is left as it is');
});
