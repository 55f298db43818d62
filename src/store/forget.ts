import type { DatabaseSync } from 'node:sqlite';
import { refuseBroken } from './open.ts';
import { seal } from './seals.ts';

const STREAMS = 'SELECT id FROM streams WHERE account = :id';
const SERIES = `SELECT id FROM series WHERE stream IN (${STREAMS})`;

/** In an order in which no row is left that belongs to one that is gone. */
const FORGET: readonly string[] = [
  `DELETE FROM cells WHERE stream IN (${STREAMS})`,
  `DELETE FROM sums WHERE series IN (${SERIES})`,
  ...['readings', 'compacted', 'silences', 'hours', 'series'].map(
    (table) => `DELETE FROM ${table} WHERE stream IN (${STREAMS})`,
  ),
  ...['resources', 'requests', 'feeds', 'streams'].map((table) => `DELETE FROM ${table} WHERE account = :id`),
  'DELETE FROM accounts WHERE id = :id',
];

/** What receivers were told of it: the labels of every counter begin with the provider and the account. */
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

/** Takes an account out of the ledger for good: its bytes are overwritten. False where it has no such account. */
export function forgetAccount(database: DatabaseSync, provider: string, name: string): boolean {
  const id = accountId(database, provider, name);
  if (id === undefined) return false;
  refuseBroken(database);
  database.exec('PRAGMA secure_delete = ON; BEGIN IMMEDIATE');
  try {
    for (const sql of FORGET) database.prepare(sql).run({ id });
    database.prepare(DELIVERIES).run({ provider, name });
    seal(database);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return true;
}
