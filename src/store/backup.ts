import { linkSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../core/ledger/records.ts';
import { removeDatabase, withDraft } from './draft.ts';
import { asStorageError, obstacleTo, systemCode } from './error-messages.ts';
import { createFile, fsyncDirectory, modeOf } from './files.ts';

/** Pages that are copied at a time: some milliseconds. Other work has its turn in between. */
const PAGES_PER_TURN = 200;

/**
 * Writes a copy of an open ledger, all of one instant, into a file that is whole or not there. The ledger may be used meanwhile.
 *
 * @param isReplaced replaces a file of that name; otherwise one is refused.
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
    if (systemCode(error) !== 'EEXIST') throw asStorageError(file, error);
    throw new StoreError(`${file} exists already, and is left as it is.`, { cause: error });
  }
}

/** Backups of a ledger that is in use, one at a time. */
export interface Backups {
  /** Resolves to the file: the ledger's with `.backup` appended. Callers share a backup that is under way. */
  make(): Promise<string>;
  /** Copies it into another file. The caller waits for its end before the ledger is closed. */
  copy(file: string): Promise<void>;
  /** Resolves once no backup is under way: only then may the ledger be closed. */
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
    copy: (file) => backUp(database, file, true),
    ended: async () => void (await making?.catch(() => {})),
  };
}

/** Copies a ledger into one plain file, without a log beside it, that the same users may read. */
export async function copyInto(database: DatabaseSync, file: string): Promise<void> {
  removeDatabase(file);
  const path = database.location();
  createFile(file, path === null ? undefined : modeOf(path));
  await copyPages(database, file);
  using copy = new DatabaseSync(file);
  copy.exec('PRAGMA journal_mode = DELETE');
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
    await backup(database, file, { rate: PAGES_PER_TURN });
  } catch (error) {
    const isBusy = error instanceof Error && 'errcode' in error && error.errcode === 0;
    if (!isBusy) throw error;
    if (tries === MAX_BUSY_TRIES)
      throw new StoreError(`${file} is locked by another process.`, { cause: error });
    await sleep(BUSY_RETRY_MS);
    await copyPages(database, file, tries + 1);
  }
}
