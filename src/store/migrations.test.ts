import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openDatabase } from './open.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';
import { sqliteStore } from './sqlite.ts';

const BASELINE = Date.parse('2026-11-01T00:00:00Z');

test('series of a ledger of schema 2 were 0 when their account was first read', (t) => {
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
    series.map(({ id, total, zeroAt }) => ({ id, total, zeroAt })),
    [{ id: 1, total: 5n, zeroAt: BASELINE }],
  );
  const [read, unread] = accounts;
  assert.equal(read?.openedAt, BASELINE);
  assert.ok(unread && unread.openedAt >= before && unread.openedAt <= Date.now() + 1000);
  assert.equal(store.deliveries('default'), undefined);
  store.close();
});
