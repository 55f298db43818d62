import { closeSync, fstatSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../core/ledger/records.ts';
import { databaseFiles } from './files.ts';

const DRAFT = '.draft';
/** Locked by the process that works on the draft beside it. The kernel releases the lock with its process, however that ends. */
const LOCK = `${DRAFT}.lock`;

/**
 * Lets `work` make a file under another name in the same folder, and removes it afterwards. Drafts that killed processes left in the
 * folder are removed.
 *
 * @throws {StoreError} while another process makes the same file.
 */
export async function withDraft<T>(file: string, work: (draft: string) => Promise<T>): Promise<T> {
  removeStaleDrafts(dirname(file));
  const lock = lockOf(file);
  if (lock === undefined) {
    throw new StoreError(`${file} is being written by another process: wait until that has ended.`);
  }
  try {
    return await work(`${file}${DRAFT}`);
  } finally {
    discard(file, lock);
  }
}

/** Removes the drafts of a folder that no process works on. */
function removeStaleDrafts(folder: string): void {
  for (const name of namesIn(folder)) {
    if (!name.endsWith(LOCK)) continue;
    const file = join(folder, basename(name, LOCK));
    try {
      const lock = lockOf(file);
      if (lock) discard(file, lock);
    } catch {
      // Another user's: theirs to remove.
    }
  }
}

/** Removes what killed backups and restores of a ledger have left, also those of older versions. The caller must have locked the ledger. */
export function removeLeftovers(ledger: string): void {
  removeStaleDrafts(dirname(ledger));
  for (const name of [`${ledger}.backup.draft`, `${ledger}.restoring`]) removeDatabase(name);
}

/** With the files that SQLite keeps beside it. */
export function removeDatabase(file: string): void {
  for (const each of databaseFiles(file)) rmSync(each, { force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined if another process has it. */
function lockOf(file: string): DatabaseSync | undefined {
  const path = `${file}${LOCK}`;
  const inode = createdInode(path);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    return undefined;
  }
  if (statSync(path, { throwIfNoEntry: false })?.ino === inode) return lock;
  // The one before was removed between being opened and being locked.
  lock.close();
  return lockOf(file);
}

function createdInode(path: string): number {
  const fd = openSync(path, 'a', 0o660);
  try {
    return fstatSync(fd).ino;
  } finally {
    closeSync(fd);
  }
}

/** The lock goes last: until then no other process begins. */
function discard(file: string, lock: DatabaseSync): void {
  removeDatabase(`${file}${DRAFT}`);
  rmSync(`${file}${LOCK}`, { force: true });
  lock.close();
}
