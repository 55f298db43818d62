import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

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
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Takes from others what an older version, or a copy, has given them. A process that does not own the file leaves it as it is. */
export function closeToOthers(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) {
    try {
      if ((lstatSync(each).mode & OTHERS) !== 0) chmodSync(each, FILE_MODE);
    } catch {
      // It is not there, another user's, or on a disk that is mounted read-only.
    }
  }
}

/** Who may do what with a file; others never may. */
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
