import { chownSync, closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { StoreError } from './open.ts';
import { refusalOf } from './refusal.ts';

/** Pages that are copied at a time: some milliseconds. Others have their turn in between. */
const PAGES_A_TURN = 200;

/**
 * Writes a copy of an open ledger, all of one instant, into a file that is whole or not there. The ledger may be used meanwhile.
 *
 * @param isReplaced what has that name goes; else it is refused.
 * @throws {StoreError} when the copy cannot be written.
 */
export async function backUp(database: DatabaseSync, file: string, isReplaced: boolean): Promise<void> {
  const draft = `${file}.draft`;
  try {
    await copyInto(database, draft);
    if (isReplaced) renameSync(draft, file);
    else linkSync(draft, file);
    settle(dirname(file));
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new StoreError(exists ? `${file} exists already, and is left as it is.` : refusalOf(file, error), {
      cause: error,
    });
  } finally {
    removeDatabase(draft);
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

/** Copies a ledger into one plain file, without a log beside it. */
export async function copyInto(database: DatabaseSync, file: string): Promise<void> {
  removeDatabase(file);
  await backup(database, file, { rate: PAGES_A_TURN });
  const copy = new DatabaseSync(file);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

/** Makes what was renamed in a folder outlast a power failure. */
export function settle(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Gives a new file to the owner of another one or of its folder: root may look after a ledger that the exporter's user must write. */
export function giveTo(owned: string, file: string): void {
  const { uid, gid } = statSync(owned);
  if (process.geteuid?.() === 0) chownSync(file, uid, gid);
}

/** With the files that SQLite keeps beside it. */
export function removeDatabase(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) rmSync(each, { force: true });
}
