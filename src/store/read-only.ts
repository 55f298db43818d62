import { existsSync } from 'node:fs';
import { type Store, StoreError } from '../core/ledger/records.ts';
import { BUSY, sqliteCode } from './error-messages.ts';
import { openUnchanged } from './open.ts';
import { MIGRATIONS } from './schema.ts';
import { sqliteStore } from './sqlite.ts';

/**
 * Opens an existing ledger to read it. Commits are not written, so that what a ledger does as it opens changes nothing. No other process
 * may use the ledger meanwhile.
 *
 * @throws {StoreError} if it does not exist, is empty, damaged, not a ledger, of another version, or in use by another process.
 */
export function openReadOnly(path: string): Store {
  if (!existsSync(path)) throw new StoreError(`${path} does not exist.`);
  const { database, read } = openUnchanged(path);
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version < MIGRATIONS.length) {
    database.close();
    const what = version === 0 ? 'is empty' : `is of an older version (schema ${version})`;
    throw new StoreError(
      `${path} ${what}: run the exporter once, which ${version === 0 ? 'fills' : 'migrates'} it.`,
    );
  }
  return { ...sqliteStore(database, { read }), commit() {}, together: (work) => work() };
}

/** Whether a ledger was refused because another process uses it. */
export function isInUse(error: unknown): boolean {
  return error instanceof StoreError && sqliteCode(error.cause) === BUSY;
}
