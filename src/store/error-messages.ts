import { accessSync, constants, existsSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../core/ledger/records.ts';

/** Messages for a ledger file that cannot be used. Each names the file and what to do, in one line. */

export const notOurs = (path: string) =>
  `${path} is not a ledger of ai-billing-exporter, or its beginning is damaged. It was left as it is: set state.path to another file.`;

export const damaged = (path: string) =>
  `${path} is damaged. It was left as it is: restore a backup (ledger restore), or move it away to start a new ledger ` +
  '(counters then start at 0 and what was spent so far becomes the new baseline).';

export const inUse = (path: string) =>
  `${path} is in use by another process. One ledger serves one exporter: stop the other one, or set state.path.`;

const full = (path: string) =>
  `${path} cannot be written: the disk is full. Free some space; nothing was changed.`;

/** SQLite's primary result code for a database that another connection has locked. */
export const BUSY = 5;

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const CODES: Readonly<Record<number, (path: string) => string>> = {
  [BUSY]: inUse,
  8: (path) => obstacleTo(path) ?? readOnly(path),
  10: failing,
  11: damaged,
  13: full,
  14: (path) =>
    obstacleTo(path) ??
    `${path} cannot be opened. Check that its folder exists and that this user may write there.`,
  26: notOurs,
};

/** SQLite's primary result code, or -1. */
export function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1;
}

/** The system's code of an error, such as `EEXIST`. */
export function systemCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** The error as the store throws it, with a message that names the file and says what to do. */
export function asStorageError(path: string, error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError(refusalOf(path, error), { cause: error });
}

/** Why SQLite or the file system refused. */
export function refusalOf(path: string, error: unknown): string {
  if (error instanceof Error && 'syscall' in error && error.syscall === 'mkdir')
    return `${path} cannot be opened: its folder cannot be created (${error.message}). Set state.path to a file in a folder that takes files.`;
  const message = error instanceof Error ? error.message : String(error);
  return CODES[sqliteCode(error)]?.(path) ?? `${path} cannot be opened: ${message}`;
}

/** What keeps this user from writing the file, found without touching it; undefined if nothing does. */
export function obstacleTo(path: string): string | undefined {
  const folder = nearestFolder(path);
  if (!statOf(folder)?.isDirectory())
    return `${path} cannot be opened: ${folder} is a file, not a folder. Set state.path to a file in a folder.`;
  if (statOf(path)?.isDirectory())
    return `${path} cannot be opened: it is a directory. Set state.path to a file in it.`;
  if (statOf(path)?.isFile() === false)
    return `${path} cannot be opened: it is a device, a pipe or a socket. Set state.path to a file.`;
  for (const place of [folder, path]) {
    const code = refusedAccess(place);
    if (code === 'EROFS') return readOnly(path);
    if (code === 'EACCES' || code === 'EPERM') return notThisUsers(path, place);
  }
  return undefined;
}

function readOnly(path: string): string {
  return `${path} cannot be written: its disk is mounted read-only. Mount it to be written, or set state.path.`;
}

function notThisUsers(path: string, place: string): string {
  const stats = statOf(place);
  const owner = stats
    ? ` belongs to user ${stats.uid}, mode ${(stats.mode & 0o777).toString(8)}`
    : ' is closed to it';
  return (
    `${path} cannot be opened by user ${process.geteuid?.()}: ${place}${owner}. ` +
    'Let it read and write the file and its folder (chown), or run as that user.'
  );
}

/** A start needs more. */
const MIN_SPACE = 256 * 1024;

function failing(path: string): string {
  const { bavail, bsize } = statfsSync(nearestFolder(path));
  if (bavail * bsize < MIN_SPACE) return full(path);
  return `${path} cannot be written: the disk failed, or a file size limit was reached (disk I/O error). Check the system log and ulimit -f; nothing was changed.`;
}

/** The folder of a file, or the nearest one above it that exists. */
function nearestFolder(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) || folder === dirname(folder) ? folder : nearestFolder(folder);
}

/** Undefined if it does not exist, or this user may not even look at it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Why this user may not read and write what is there. */
function refusedAccess(path: string): unknown {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return systemCode(error);
  }
}
