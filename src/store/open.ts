import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../core/ledger/records.ts';
import { asStorageError, damaged, notOurs, obstacleTo, refusalOf, sqliteCode } from './error-messages.ts';
import { closeToOthers, createFile, createFolder } from './files.ts';
import { APPLICATION_ID, MIGRATIONS, SEALED_SINCE } from './schema.ts';
import { brokenSeals, type ReadRows, seal, smallTables } from './seals.ts';
import { ARCHIVE, LARGE_TABLES } from './tables.ts';

export { StoreError } from '../core/ledger/records.ts';

export interface VerifiedDatabase {
  readonly database: DatabaseSync;
  /** The rows that had to be read for that: they need not be read again. */
  readonly read: ReadRows;
}

/**
 * Opens the ledger's database, creating or migrating it. `:memory:` is a throw-away one.
 *
 * @param fullyChecked every row of files up to this many pages is checked.
 * @throws {StoreError} when the file is damaged, of a newer version, not a ledger, or in use by another process.
 */
export function openDatabase(path: string, fullyChecked = FULLY_CHECKED_PAGES): DatabaseSync {
  return openVerified(path, fullyChecked).database;
}

/**
 * Opens the database like {@link openDatabase}, and gives the rows that it had to read for that: they need not be read again.
 *
 * @throws {StoreError} like {@link openDatabase}.
 */
export function openVerified(path: string, fullyChecked = FULLY_CHECKED_PAGES): VerifiedDatabase {
  const database = connect(path);
  const read: ReadRows = new Map();
  try {
    prepare(database, path, fullyChecked, read);
    return { database, read };
  } catch (error) {
    database.close();
    throw error instanceof StoreError ? error : new StoreError(reasonOf(path, error), { cause: error });
  }
}

/**
 * Opens an existing ledger for maintenance: no other process may use it meanwhile, and nothing of it is changed.
 *
 * @throws {StoreError} when it does not exist, is of a newer version, is not a ledger, or is in use by another process. It may be damaged.
 */
export function openExisting(path: string): DatabaseSync {
  if (!existsSync(path)) throw new StoreError(`${path} does not exist.`);
  const database = connect(path);
  try {
    if (isNew(database, path)) throw new StoreError(`${path} is empty: no exporter has written to it yet.`);
    refuseOther(database, path);
    database.exec('BEGIN IMMEDIATE; ROLLBACK;');
    return database;
  } catch (error) {
    database.close();
    throw asStorageError(path, error);
  }
}

/**
 * Opens and verifies an existing ledger like a start, without changing it; no other process may use it meanwhile. It may be empty, or of
 * an older version.
 *
 * @throws {StoreError} like {@link openDatabase}.
 */
export function openUnchanged(path: string): VerifiedDatabase {
  const database = connect(path);
  const read: ReadRows = new Map();
  try {
    if (!isNew(database, path)) refuseForeign(database, path, FULLY_CHECKED_PAGES, read);
    database.exec('BEGIN IMMEDIATE; ROLLBACK;');
    return { database, read };
  } catch (error) {
    database.close();
    throw error instanceof StoreError ? error : new StoreError(reasonOf(path, error), { cause: error });
  }
}

/** Runs the migrations that the database lacks, within the transaction that is open, and seals the rows. True if there were any. */
export function migrateWithin(database: DatabaseSync): boolean {
  const missing = MIGRATIONS.slice(numberOf(database, 'PRAGMA user_version'));
  for (const script of missing) database.exec(script);
  if (missing.length > 0) seal(database);
  return missing.length > 0;
}

/** Whether the ledger's version has digests. An older one gets them with its migration. */
export function isSealed(database: DatabaseSync): boolean {
  return numberOf(database, 'PRAGMA user_version') >= SEALED_SINCE;
}

/**
 * To be called before rows are changed by other means than commits and sealed again: damaged rows would count as sound from then on.
 *
 * @throws {StoreError} when any row is not as the ledger wrote it.
 */
export function refuseBroken(database: DatabaseSync): void {
  const [first] = brokenSeals(database);
  if (first !== undefined) throw storeError(database, new Error(first));
}

function connect(path: string): DatabaseSync {
  // Before SQLite makes files beside it, which would be this user's.
  const obstacle = path === ':memory:' ? undefined : obstacleTo(path);
  if (obstacle !== undefined) throw new StoreError(obstacle);
  try {
    if (path !== ':memory:') createFolder(dirname(path));
    if (path !== ':memory:') createFile(path);
    const database = new DatabaseSync(path, { timeout: 2000 });
    // Exclusive: a second process is refused, and the lock is gone with the process, however it ends. From the first read on: no
    // index of the log is put beside the file, which a full disk may not take.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    return database;
  } catch (error) {
    throw new StoreError(refusalOf(path, error), { cause: error });
  }
}

function prepare(database: DatabaseSync, path: string, fullyChecked: number, read: ReadRows): void {
  if (!isNew(database, path)) refuseForeign(database, path, fullyChecked, read);
  if (path !== ':memory:') closeToOthers(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -32000;');
  migrate(database, path, read);
}

/** Whether nothing was written yet: the file is empty, or a first start ended before it wrote our tables. */
function isNew(database: DatabaseSync, path: string): boolean {
  if (numberOf(database, 'PRAGMA page_count') === 0) {
    // SQLite takes what is shorter than a page for an empty database and would write over it.
    if (path !== ':memory:' && statSync(path).size > 0) throw new StoreError(notOurs(path));
    return true;
  }
  const written = ['PRAGMA application_id', 'PRAGMA user_version', 'SELECT count(*) FROM sqlite_schema'];
  return written.every((sql) => numberOf(database, sql) === 0);
}

/** Rows that are read once are verified here, before anything is written; the others when they are read. */
function refuseForeign(database: DatabaseSync, path: string, fullyChecked: number, read: ReadRows): void {
  refuseOther(database, path);
  if (!isSound(database, fullyChecked)) throw new StoreError(damaged(path));
  const broken = isSealed(database)
    ? brokenSeals(database, smallTables(), read)
    : problemsBeforeSeal(database);
  if (broken.length > 0) throw new StoreError(damaged(path), { cause: new Error(broken[0]) });
}

/** An older ledger is checked in full, once: its rows count as sound from then on. */
function problemsBeforeSeal(database: DatabaseSync): string[] {
  const found = database.prepare('PRAGMA integrity_check(1)').all();
  return found.flatMap(({ integrity_check: text }) => (text === 'ok' ? [] : [String(text)]));
}

/** No other program's database has these tables: if it has them, only the mark is damaged. */
const OURS = ['accounts', 'cells', 'readings', 'compacted', 'silences'];
const OUR_TABLES = `SELECT count(*) FROM sqlite_schema WHERE name IN ('${OURS.join("', '")}')`;

function refuseOther(database: DatabaseSync, path: string): void {
  if (numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    if (numberOf(database, OUR_TABLES) === OURS.length) throw new StoreError(damaged(path));
    throw new StoreError(`${path} is not a ledger of ai-billing-exporter. Set state.path to another file.`);
  }
  const version = numberOf(database, 'PRAGMA user_version');
  // Our mark and the version are written together.
  if (version < 1) throw new StoreError(damaged(path));
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      `${path} was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length}), or its beginning is damaged. ` +
        'Run that version again, restore a backup, or set state.path to a new file.',
    );
  }
}

/** 16 MB. Checking so many pages in full takes some 50 ms, and most ledgers are smaller. */
const FULLY_CHECKED_PAGES = 4096;

/**
 * Every page is read, except that in a large file those of the archive are verified when they are needed. Of the others, only the small
 * tables of a large file, such as the counters, are checked row by row: where the rows of many days are, SQLite checks each page's
 * structure while it counts. A full check of a million cells takes longer than the rest of a start.
 *
 * @throws what SQLite throws about a malformed page.
 */
function isSound(database: DatabaseSync, fullyChecked: number): boolean {
  const isOk = (table: string) =>
    database.prepare(`PRAGMA quick_check(${table})`).get()?.quick_check === 'ok';
  if (numberOf(database, 'PRAGMA page_count') <= fullyChecked) return isOk('1');
  database.exec('PRAGMA cell_size_check = ON');
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  const isWhole = tables
    .filter(({ name }) => name !== ARCHIVE)
    .every(({ name }) =>
      LARGE_TABLES.some((large) => large === name)
        ? database.prepare(`SELECT count(*) FROM ${name}`).get()
        : isOk(`'${name}'`),
    );
  // The check of the schema includes the list of free pages. We never ask SQLite to move pages.
  return isWhole && isOk(`'sqlite_schema'`) && numberOf(database, 'PRAGMA auto_vacuum') === 0;
}

function migrate(database: DatabaseSync, path: string, read: ReadRows): void {
  database.exec('BEGIN IMMEDIATE');
  // What was read before rows were changed is not what they are now.
  if (migrateWithin(database)) read.clear();
  // Also where there is nothing to migrate: only what is written shows now whether the file can be.
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  database.exec('COMMIT');
  if (path !== ':memory:' && !existsSync(path)) throw new StoreError(`${path} could not be created.`);
}

function numberOf(database: DatabaseSync, sql: string): number {
  const value = Object.values(database.prepare(sql).get() ?? {})[0];
  return typeof value === 'number' ? value : 0;
}

/** Why a query to an open ledger failed, naming the file. */
export function storeError(database: DatabaseSync, cause: unknown): StoreError {
  return new StoreError(reasonOf(database.location() ?? ':memory:', cause), { cause });
}

function reasonOf(path: string, error: unknown): string {
  return KNOWN.includes(sqliteCode(error)) ? refusalOf(path, error) : damaged(path);
}

/** Whether SQLite found what it cannot have written. */
export function isMalformed(error: unknown): boolean {
  return error instanceof RangeError || [CORRUPT, NOT_A_DATABASE].includes(sqliteCode(error));
}

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** Locked, no memory, read-only, a failing or full disk, a file that cannot be opened or is not a database. */
const KNOWN = [5, 6, 7, 8, 10, 13, 14, NOT_A_DATABASE];
