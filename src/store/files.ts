import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './error-messages.ts';

/**
 * Readable by the exporter's user and its group: on OpenShift each namespace has users of its own, all of group 0.
 * The umask takes no part, or the next user of the group could not open what this one has made.
 */
const FILE_MODE = 0o660;
const FOLDER_MODE = 0o770;
const OTHERS = 0o007;

/**
 * Creates a folder, and those that it is in.
 *
 * Node's own `recursive` never ends where a folder that exists takes no other, as in /proc.
 *
 * @throws what the file system refuses.
 */
export function createFolder(folder: string): void {
  if (existsSync(folder)) return;
  createFolder(dirname(folder));
  mkdirSync(folder);
  chmodSync(folder, FOLDER_MODE);
}

/** Creates an empty file for SQLite to fill; one that is there stays as it is. */
export function createFile(file: string, mode = FILE_MODE): void {
  try {
    closeSync(openSync(file, 'wx', mode));
    chmodSync(file, mode);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** A database with the files that SQLite keeps beside it. */
export function databaseFiles(file: string): string[] {
  return [file, `${file}-wal`, `${file}-shm`, `${file}-journal`];
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

/** Revokes what an older version, or a copy, has granted to others. A process that does not own the file leaves it as it is. */
export function closeToOthers(file: string): void {
  for (const each of databaseFiles(file)) {
    try {
      if ((lstatSync(each).mode & OTHERS) !== 0) chmodSync(each, FILE_MODE);
    } catch {
      // It is not there, another user's, or on a disk that is mounted read-only.
    }
  }
}

/** The permissions of a file, without those of others. */
export function modeOf(file: string): number {
  const { mode } = statSync(file);
  return (mode & OTHERS) === 0 ? mode & 0o770 : FILE_MODE;
}

/**
 * Gives a new file to the owner of another one, with its mode, or to the owner of its folder: root may look after a ledger that the
 * exporter's user must be able to write.
 */
export function giveTo(owned: string, file: string): void {
  const { uid, gid } = statSync(owned);
  if (statSync(owned).isFile()) chmodSync(file, modeOf(owned));
  if (process.geteuid?.() === 0) chownSync(file, uid, gid);
}
