import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** The ledger's file cannot be used. The message says what to do; the file was left as it was. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * Opens the ledger's database, creating or migrating it. `:memory:` is a throw-away one.
 *
 * @throws {StoreError} when the file is damaged, of a newer version, not a ledger, or in use by another process.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = connect(path);
  try {
    prepare(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error instanceof StoreError ? error : new StoreError(explain(path, error), { cause: error });
  }
}

function connect(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
    return new DatabaseSync(path, { timeout: 2000 });
  } catch (error) {
    throw new StoreError(explain(path, error), { cause: error });
  }
}

function prepare(database: DatabaseSync, path: string): void {
  if (!isNew(database, path)) refuseForeign(database, path);
  // Exclusive: a second process is refused, and the lock is gone with the process, however it ends.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -32000;');
  migrate(database, path);
}

/** Nothing was written yet: the file is empty, or a first start ended before it had written anything of ours. */
function isNew(database: DatabaseSync, path: string): boolean {
  if (numberOf(database, 'PRAGMA page_count') === 0) {
    // SQLite takes what is shorter than a page for an empty database and would write over it.
    if (path !== ':memory:' && statSync(path).size > 0) throw new StoreError(notOurs(path));
    return true;
  }
  const written = ['PRAGMA application_id', 'PRAGMA user_version', 'SELECT count(*) FROM sqlite_schema'];
  return written.every((sql) => numberOf(database, sql) === 0);
}

function refuseForeign(database: DatabaseSync, path: string): void {
  if (numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new StoreError(`${path} is not a ledger of ai-billing-exporter. Set state.path to another file.`);
  }
  const version = numberOf(database, 'PRAGMA user_version');
  // Our mark and the version are written together.
  if (version < 1) throw new StoreError(damaged(path));
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      `${path} was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length}). ` +
        'Run that version again, or set state.path to a new file.',
    );
  }
  const check = database.prepare('PRAGMA quick_check(1)').get();
  if (check?.quick_check !== 'ok') throw new StoreError(damaged(path));
}

function migrate(database: DatabaseSync, path: string): void {
  const version = numberOf(database, 'PRAGMA user_version');
  // An immediate transaction even when there is nothing to migrate: it shows now whether the file can be written.
  database.exec('BEGIN IMMEDIATE');
  for (const script of MIGRATIONS.slice(version)) database.exec(script);
  if (version < MIGRATIONS.length) {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  }
  database.exec('COMMIT');
  if (path !== ':memory:' && !existsSync(path)) throw new StoreError(`${path} could not be created.`);
}

function numberOf(database: DatabaseSync, sql: string): number {
  const value = Object.values(database.prepare(sql).get() ?? {})[0];
  return typeof value === 'number' ? value : 0;
}

/** What is in the database is not what a ledger has: says so, naming the file. */
export function damagedError(database: DatabaseSync, cause: unknown): StoreError {
  return new StoreError(damaged(database.location() ?? ':memory:'), { cause });
}

const notOurs = (path: string) =>
  `${path} is not a ledger of ai-billing-exporter, or its beginning is damaged. It was left as it is: set state.path to another file.`;

const damaged = (path: string) =>
  `${path} is damaged. It was left as it is: restore a backup, or move it away to start a new ledger ` +
  '(counters then start at 0 and what was spent so far becomes the new baseline).';

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const CODES: Readonly<Record<number, (path: string) => string>> = {
  5: (path) =>
    `${path} is in use by another process. One ledger serves one exporter: stop the other one, or set state.path.`,
  8: (path) => `${path} cannot be written: it or its folder is read-only for this user.`,
  11: damaged,
  13: (path) => `${path} cannot be written: the disk is full.`,
  14: (path) => `${path} cannot be opened. Check that its folder exists and that this user may write there.`,
  26: notOurs,
};

function explain(path: string, error: unknown): string {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  const known = code === undefined ? undefined : CODES[code];
  return (
    known?.(path) ?? `${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`
  );
}
