import { existsSync, linkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AuditInput } from '../core/ledger/audit.ts';
import type { Instant } from '../core/values/time.ts';
import { copyInto, fsyncDirectory } from './backup.ts';
import { problemsIn } from './check.ts';
import { removeLeftovers, withDraft } from './draft.ts';
import { inUse, obstacleTo, refusalOf } from './error-messages.ts';
import { giveTo } from './files.ts';
import { openDatabase, openExisting, StoreError } from './open.ts';
import { beginEpoch } from './reset-counters.ts';

export interface RestoreOptions {
  /** The ledger that is restored. */
  readonly path: string;
  /** The backup. */
  readonly from: string;
  readonly now: Instant;
  readonly settingsOf: AuditInput['settingsOf'];
}

/**
 * Puts a backup in the place of a ledger, in a new epoch. The backup is left as it is, and what stood there is kept.
 *
 * @returns where the ledger that stood there is kept; undefined where there was none.
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
      const lock = isThere ? lockOf(path) : undefined;
      try {
        removeLeftovers(path);
        await prepare(draft, options);
        return swap({ path, draft, aside: isThere ? aside : undefined, lock });
      } finally {
        lock?.close();
      }
    });
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError(refusalOf(path, error), { cause: error });
  }
}

/** Makes of the backup what is to be the ledger. */
async function prepare(draft: string, { path, from, now, settingsOf }: RestoreOptions): Promise<void> {
  const source = openExisting(from);
  try {
    await copyInto(source, draft);
  } finally {
    source.close();
  }
  const problems = problemsOf(draft, settingsOf);
  if (problems.length > 0)
    throw new StoreError(`${from} is no good backup, and nothing was changed: ${problems.join('; ')}`);
  const database = openDatabase(draft);
  try {
    beginEpoch(database, now, settingsOf);
    database.exec('PRAGMA journal_mode = DELETE');
  } finally {
    if (database.isOpen) database.close();
  }
  giveTo(existsSync(path) ? path : dirname(path), draft);
}

function problemsOf(file: string, settingsOf: AuditInput['settingsOf']): string[] {
  const database = openExisting(file);
  try {
    return problemsIn(database, settingsOf);
  } finally {
    if (database.isOpen) database.close();
  }
}

/** Keeps every other process from the ledger; undefined where it is too damaged to be locked: then nobody can use it. */
function lockOf(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 2000 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK;');
    return database;
  } catch (error) {
    database.close();
    const isBusy = error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
    if (isBusy) throw new StoreError(inUse(path), { cause: error });
    return undefined;
  }
}

/** Moves what stands in the log into the file it belongs to. */
function foldLog(lock: DatabaseSync): void {
  try {
    lock.exec('PRAGMA journal_mode = DELETE');
  } catch {
    // Too damaged: the log is kept beside it.
  }
}

interface Swap {
  readonly path: string;
  readonly draft: string;
  /** Where the ledger that stands there goes; undefined where there is none. */
  readonly aside: string | undefined;
  readonly lock: DatabaseSync | undefined;
}

/** There is a whole ledger at `path` at every instant. The log of the old one must never meet the new one. */
function swap({ path, draft, aside, lock }: Swap): string | undefined {
  if (lock) foldLog(lock);
  if (aside === undefined) {
    takeFreePlace(path, draft);
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
function takeFreePlace(path: string, draft: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw exists ? new StoreError(`${path} was created meanwhile: nothing was changed.`) : error;
  }
}
