import { existsSync, linkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AuditInput } from '../core/ledger/audit.ts';
import { StoreError } from '../core/ledger/records.ts';
import type { Instant } from '../core/values/time.ts';
import { copyInto } from './backup.ts';
import { problemsIn } from './check.ts';
import { removeLeftovers, withDraft } from './draft.ts';
import { asStorageError, BUSY, inUse, obstacleTo, sqliteCode, systemCode } from './error-messages.ts';
import { fsyncDirectory, giveTo } from './files.ts';
import { openDatabase, openExisting } from './open.ts';
import { resetCounters } from './reset-counters.ts';

export interface RestoreOptions {
  /** The ledger that is restored. */
  readonly path: string;
  /** The backup. */
  readonly from: string;
  readonly now: Instant;
  readonly settingsOf: AuditInput['settingsOf'];
}

/**
 * Replaces a ledger with a backup whose counters are reset. The backup is left as it is, and the previous ledger is kept.
 *
 * @returns where the previous ledger is kept; undefined if there was no ledger.
 * @throws {StoreError} when nothing was changed: the backup is no good, the ledger is in use, or there is no space.
 */
export async function restoreLedger(options: RestoreOptions): Promise<string | undefined> {
  const { path, from, now } = options;
  const obstacle = obstacleTo(path);
  if (obstacle !== undefined) throw new StoreError(obstacle);
  if (existsSync(path) && existsSync(from) && realpathSync(path) === realpathSync(from))
    throw new StoreError(`${from} is the ledger itself: name a backup.`);
  const aside = `${path}.before-restore-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  try {
    return await withDraft(path, async (draft) => {
      const isThere = existsSync(path);
      using lock = isThere ? lockOf(path) : undefined;
      removeLeftovers(path);
      await prepare(draft, options);
      return swap({ path, draft, aside: isThere ? aside : undefined, lock });
    });
  } catch (error) {
    throw asStorageError(path, error);
  }
}

/** Makes the new ledger of the backup. */
async function prepare(draft: string, { path, from, now, settingsOf }: RestoreOptions): Promise<void> {
  await copyFrom(from, draft);
  const problems = problemsOf(draft, settingsOf);
  if (problems.length > 0)
    throw new StoreError(`${from} is no good backup, and nothing was changed: ${problems.join('; ')}`);
  resetCountersOf(draft, now, settingsOf);
  giveTo(existsSync(path) ? path : dirname(path), draft);
}

async function copyFrom(backup: string, draft: string): Promise<void> {
  using source = openExisting(backup);
  await copyInto(source, draft);
}

function problemsOf(file: string, settingsOf: AuditInput['settingsOf']): string[] {
  using database = openExisting(file);
  return problemsIn(database, settingsOf);
}

function resetCountersOf(draft: string, now: Instant, settingsOf: AuditInput['settingsOf']): void {
  using database = openDatabase(draft);
  resetCounters(database, now, settingsOf);
  database.exec('PRAGMA journal_mode = DELETE');
}

/** Keeps every other process from the ledger; undefined if it is too damaged to be locked: then no process can use it. */
function lockOf(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 2000 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK;');
    return database;
  } catch (error) {
    database.close();
    if (sqliteCode(error) === BUSY) throw new StoreError(inUse(path), { cause: error });
    return undefined;
  }
}

/** Moves the content of the log into the file it belongs to. */
function checkpointLog(lock: DatabaseSync): void {
  try {
    lock.exec('PRAGMA journal_mode = DELETE');
  } catch {
    // Too damaged: the log is kept beside it.
  }
}

interface Swap {
  readonly path: string;
  readonly draft: string;
  /** Where the previous ledger goes; undefined if there was no ledger. */
  readonly aside: string | undefined;
  readonly lock: DatabaseSync | undefined;
}

/** There is a whole ledger at `path` at every instant. The log of the old one must never meet the new one. */
function swap({ path, draft, aside, lock }: Swap): string | undefined {
  if (lock) checkpointLog(lock);
  if (aside === undefined) {
    linkNew(path, draft);
  } else {
    linkSync(path, aside);
    if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
    rmSync(`${path}-shm`, { force: true });
    renameSync(draft, path);
  }
  fsyncDirectory(dirname(path));
  return aside;
}

/** An exporter may have begun a ledger there since. */
function linkNew(path: string, draft: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    throw systemCode(error) === 'EEXIST'
      ? new StoreError(`${path} was created meanwhile: nothing was changed.`)
      : error;
  }
}
