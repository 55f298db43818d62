import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { asStorageError, obstacleTo, systemCode } from './error-messages.ts';
import { createFolder, databaseFiles } from './files.ts';
import { openDatabase, openUnchanged } from './open.ts';
import { isInUse } from './read-only.ts';

/** Whether a start could use the ledger. */
export type LedgerTrial =
  | { readonly kind: 'usable'; readonly exists: boolean }
  | { readonly kind: 'in_use' | 'unusable'; readonly problem: string };

/**
 * Tries what a start does with the ledger, and leaves nothing behind: an existing one is locked and verified, and a trial ledger beside it
 * is created, written and removed, with the folders that it needed.
 */
export function tryLedger(path: string): LedgerTrial {
  const exists = existsSync(path);
  const trial = `${path}.check-${process.pid}`;
  try {
    const obstacle = obstacleTo(path);
    if (obstacle !== undefined) return { kind: 'unusable', problem: obstacle };
    if (exists) openUnchanged(path).database.close();
    writeTrial(trial);
    return { kind: 'usable', exists };
  } catch (cause) {
    const error = asStorageError(path, cause);
    const problem = error.message.replaceAll(trial, path);
    return { kind: isInUse(error) ? 'in_use' : 'unusable', problem };
  }
}

function writeTrial(trial: string): void {
  const folders = missingFolders(dirname(trial));
  try {
    createFolder(dirname(trial));
    openDatabase(trial).close();
  } finally {
    for (const file of databaseFiles(trial)) rmSync(file, { force: true });
    for (const folder of folders) removeEmpty(folder);
  }
}

/** Leaves a folder that another process has begun to use. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes(String(systemCode(error)))) throw error;
  }
}

/** The folder and those above it that do not exist, innermost first. */
function missingFolders(folder: string): string[] {
  return existsSync(folder) ? [] : [folder, ...missingFolders(dirname(folder))];
}
