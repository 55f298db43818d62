import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDatabase } from './open.ts';
import { tryLedger } from './trial.ts';

const folder = mkdtempSync(join(tmpdir(), 'trial-'));
after(() => rmSync(folder, { recursive: true }));

test('ledger trial: a ledger in folders that do not exist can be created, and leaves nothing behind', () => {
  assert.deepEqual(tryLedger(join(folder, 'a', 'b', 'ledger.db')), { kind: 'usable', exists: false });
  assert.deepEqual(readdirSync(folder), []);
});

test('ledger trial: an existing ledger is not changed', () => {
  const path = join(folder, 'ledger.db');
  openDatabase(path).close();
  const before = readFileSync(path);
  assert.deepEqual(tryLedger(path), { kind: 'usable', exists: true });
  assert.ok(readFileSync(path).equals(before));
  assert.deepEqual(readdirSync(folder), ['ledger.db']);
  rmSync(path);
});

test('ledger trial: a ledger in use, a foreign file and a directory are told apart', () => {
  const path = join(folder, 'held.db');
  const held = openDatabase(path);
  const inUse = tryLedger(path);
  held.close();
  assert.equal(inUse.kind, 'in_use');
  writeFileSync(path, 'a letter\n'.repeat(1000));
  mkdirSync(join(folder, 'directory.db'));
  for (const [file, problem] of [
    [path, /held\.db is not a ledger/],
    [join(folder, 'directory.db'), /directory\.db cannot be opened: it is a directory/],
    [join(path, 'ledger.db'), /held\.db is a file, not a folder/],
  ] as const) {
    const trial = tryLedger(file);
    assert.ok(trial.kind === 'unusable', file);
    assert.match(trial.problem, problem);
    assert.doesNotMatch(trial.problem, /check-/);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['directory.db', 'held.db']);
});

test('ledger trial: a folder that takes no folders is reported with the path of the ledger', () => {
  const trial = tryLedger('/proc/nope/ledger.db');
  assert.ok(trial.kind === 'unusable');
  assert.match(trial.problem, /^\/proc\/nope\/ledger\.db cannot be opened: its folder cannot be created/);
});
