import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { copyInto } from './backup.ts';
import { withDraft } from './draft.ts';
import { asStorageError } from './error-messages.ts';
import { fsyncDirectory, giveTo } from './files.ts';
import { openDatabase, refuseBroken } from './open.ts';
import { seal } from './seals.ts';

const STREAMS = 'SELECT id FROM streams WHERE account = :id';
const SERIES = `SELECT id FROM series WHERE stream IN (${STREAMS})`;

/** In this order no row is left that refers to a deleted one. */
const FORGET: readonly string[] = [
  `DELETE FROM cells WHERE stream IN (${STREAMS})`,
  `DELETE FROM sums WHERE series IN (${SERIES})`,
  ...['readings', 'compacted', 'silences', 'hours', 'folded', 'archive', 'series'].map(
    (table) => `DELETE FROM ${table} WHERE stream IN (${STREAMS})`,
  ),
  ...['resources', 'requests', 'feeds', 'streams'].map((table) => `DELETE FROM ${table} WHERE account = :id`),
  'DELETE FROM accounts WHERE id = :id',
];

/** What was delivered of it: the labels of every counter begin with the provider and the account. */
const DELIVERIES = `DELETE FROM deliveries
  WHERE json_extract(labels, '$[0]') = :provider AND json_extract(labels, '$[1]') = :name`;

/** Every account the ledger has, as `PROVIDER/NAME`. */
export function accountsIn(database: DatabaseSync): string[] {
  const rows = database.prepare('SELECT provider, name FROM accounts ORDER BY provider, name').all();
  return rows.map(({ provider, name }) => `${provider}/${name}`);
}

/** The number of an account; undefined where the ledger has no such account. */
export function accountId(database: DatabaseSync, provider: string, name: string): number | undefined {
  const sql = 'SELECT id FROM accounts WHERE provider = ? AND name = ?';
  const id = database.prepare(sql).get(provider, name)?.id;
  return typeof id === 'number' ? id : undefined;
}

/**
 * Removes an account from the ledger file for good. False if the file has no such account.
 *
 * The work is done on a copy that is compacted and then put in place: pages that SQLite has freed or reused still contain parts of old
 * rows, and a `VACUUM` is what leaves them behind. Until then the file is as it was.
 *
 * @throws {StoreError} when nothing was changed: there is no space for the copy, or the ledger is damaged or in use.
 */
export async function forgetAccount(path: string, provider: string, name: string): Promise<boolean> {
  using database = openDatabase(path);
  try {
    if (accountId(database, provider, name) === undefined) return false;
    refuseBroken(database);
    await replaceWithout(database, path, { provider, name });
    return true;
  } catch (error) {
    throw asStorageError(path, error);
  }
}

interface AccountName {
  readonly provider: string;
  readonly name: string;
}

async function replaceWithout(database: DatabaseSync, path: string, account: AccountName): Promise<void> {
  await withDraft(path, async (draft) => {
    await copyInto(database, draft);
    remove(draft, account);
    giveTo(path, draft);
    // The log of the old file must never meet the new one.
    database.exec('PRAGMA journal_mode = DELETE');
    renameSync(draft, path);
    fsyncDirectory(dirname(path));
  });
}

function remove(draft: string, { provider, name }: AccountName): void {
  using database = new DatabaseSync(draft);
  const id = accountId(database, provider, name) ?? null;
  database.exec('PRAGMA temp_store = MEMORY; BEGIN');
  for (const sql of FORGET) database.prepare(sql).run({ id });
  database.prepare(DELIVERIES).run({ provider, name });
  seal(database);
  database.exec('COMMIT; VACUUM');
}
