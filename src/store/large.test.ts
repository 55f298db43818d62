import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cost, openBench, settings, statement, utc } from '../../test/support/ledger/ledger.ts';
import { HOUR } from '../core/values/time.ts';
import { openDatabase, StoreError } from './open.ts';

const AT = utc('2026-11-20T10:00');
const PAGE = 4096;
/** No page is few enough for a full check. */
const AS_LARGE = 0;

function ledgerBytes(t: TestContext): { path: string; bytes: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ledger.db');
  const bench = openBench(settings(), { path });
  const hours = Array.from({ length: 40 }, (_, index) => AT + index * HOUR);
  const lines = hours.flatMap((at) =>
    Array.from({ length: 30 }, (_, each) => cost(at, `resource-${each}`, each + 1)),
  );
  bench.apply(statement('hour', { start: AT, end: AT + 40 * HOUR }, AT + 40 * HOUR, lines));
  bench.ledger.close();
  return { path, bytes: readFileSync(path) };
}

function assertRefused(path: string, what: string): void {
  const isRefusal = (error: unknown) => error instanceof StoreError && /damaged/.test(error.message);
  assert.throws(() => openDatabase(path, AS_LARGE).close(), isRefusal, what);
}

test('store: a sound large ledger opens', (t) => {
  const { path } = ledgerBytes(t);
  openDatabase(path, AS_LARGE).close();
});

/** Pages of the archive are verified when they are read: see `archive.test.ts`. */
function archivePages(path: string): number[] {
  const database = openDatabase(path);
  const rows = database.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'archive'").all();
  database.close();
  return rows.map(({ rootpage }) => Number(rootpage) - 1);
}

test('store: any damaged page of a large ledger is found', (t) => {
  const { path, bytes } = ledgerBytes(t);
  const later = archivePages(path);
  for (let page = 1; page < bytes.length / PAGE; page += 1) {
    if (later.includes(page)) continue;
    const damaged = Buffer.from(bytes);
    damaged.fill(0xaa, page * PAGE, page * PAGE + 64);
    writeFileSync(path, damaged);
    assertRefused(path, `page ${page}`);
  }
});

test('store: a damaged header of a large ledger is found', (t) => {
  const { path, bytes } = ledgerBytes(t);
  for (const at of [28, 32, 36, 52]) {
    const damaged = Buffer.from(bytes);
    damaged.set([0xff, 0xfe, 0xfd, 0xfc], at);
    writeFileSync(path, damaged);
    assertRefused(path, `byte ${at}`);
  }
});

test('store: a truncated large ledger is refused', (t) => {
  const { path, bytes } = ledgerBytes(t);
  truncateSync(path, bytes.length - PAGE);
  assertRefused(path, 'one page is missing');
});
