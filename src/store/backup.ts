import { closeSync, fsyncSync, linkSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeDatabase, withDraft } from './draft.ts';
import { obstacleTo, refusalOf } from './error-messages.ts';
import { createFile, modeOf } from './files.ts';
import { StoreError } from './open.ts';

/** Pages that are copied at a time: some milliseconds. Others have their turn in between. */
const PAGES_A_TURN = 200;

/**
 * Writes a copy of an open ledger, all of one instant, into a file that is whole or not there. The ledger may be used meanwhile.
 *
 * @param isReplaced what has that name goes; else it is refused.
 * @throws {StoreError} when the copy cannot be written.
 */
export async function backUp(database: DatabaseSync, file: string, isReplaced: boolean): Promise<void> {
  const obstacle = isReplaced ? obstacleTo(file) : undefined;
  if (obstacle !== undefined) throw new StoreError(obstacle);
  try {
    await withDraft(file, async (draft) => {
      await copyInto(database, draft);
      if (isReplaced) renameSync(draft, file);
      else linkSync(draft, file);
      fsyncDirectory(dirname(file));
    });
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new StoreError(exists ? `${file} exists already, and is left as it is.` : refusalOf(file, error), {
      cause: error,
    });
  }
}

/** Backups of a ledger that is in use, one at a time. */
export interface Backups {
  /** Resolves to the file: that of the ledger with `.backup` behind it. One that is under way is shared. */
  make(): Promise<string>;
  /** Resolves once none is under way: only then may the ledger be closed. */
  ended(): Promise<void>;
}

export function createBackups(database: DatabaseSync): Backups {
  let making: Promise<string> | undefined;
  const make = async () => {
    const path = database.location();
    if (path === null) throw new StoreError('a ledger in memory has no backup.');
    await backUp(database, `${path}.backup`, true);
    return `${path}.backup`;
  };
  return {
    make() {
      making ??= make().finally(() => {
        making = undefined;
      });
      return making;
    },
    ended: async () => void (await making?.catch(() => {})),
  };
}

/** Copies a ledger into one plain file, without a log beside it, that the same users may read. */
export async function copyInto(database: DatabaseSync, file: string): Promise<void> {
  removeDatabase(file);
  const path = database.location();
  createFile(file, path === null ? undefined : modeOf(path));
  await copyPages(database, file);
  const copy = new DatabaseSync(file);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

const BUSY_RETRY_MS = 20;
/** 2 s in all, as long as any other statement waits. */
const MAX_BUSY_TRIES = 100;

/**
 * The pages are read by another thread. Where this one is in the middle of a transaction when the first of them is, Node fails with
 * "not an error", code 0, rather than try again, as it does later on.
 */
async function copyPages(database: DatabaseSync, file: string, tries = 1): Promise<void> {
  try {
    await backup(database, file, { rate: PAGES_A_TURN });
  } catch (error) {
    const isBusy = error instanceof Error && 'errcode' in error && error.errcode === 0;
    if (!isBusy) throw error;
    if (tries === MAX_BUSY_TRIES)
      throw new StoreError(`${file} is locked by another process.`, { cause: error });
    await sleep(BUSY_RETRY_MS);
    await copyPages(database, file, tries + 1);
  }
}

/** Makes what was renamed in a folder outlast a power failure. */
export function fsyncDirectory(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
