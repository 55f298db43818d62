import type { DatabaseSync } from 'node:sqlite';
import { type AuditInput, audit } from '../core/ledger/audit.ts';
import { LedgerState } from '../core/ledger/state.ts';
import { isSealed, migrateWithin, StoreError } from './open.ts';
import { brokenSeals } from './seals.ts';
import { sqliteStore } from './sqlite.ts';

/**
 * Everything that is wrong with a ledger, in words: pages, rows, and amounts that do not add up. Nothing is changed: an older ledger is
 * migrated for the time of the check only.
 */
export function problemsIn(database: DatabaseSync, settingsOf: AuditInput['settingsOf']): string[] {
  const pages = damagedPages(database);
  if (pages.length > 0) return pages;
  database.exec('BEGIN IMMEDIATE');
  try {
    const wasSealed = isSealed(database);
    migrateWithin(database);
    const broken = wasSealed ? brokenSeals(database).slice(0, MAX_PROBLEMS).map(damagedRows) : [];
    const rows = [...foreignKeyProblems(database), ...orphanedRows(database)];
    return [...(rows.length > 0 ? rows : auditProblems(database, settingsOf)), ...broken];
  } catch (error) {
    // So damaged that the queries fail, for example because a table is missing.
    return [damagedRows(textOf(error))];
  } finally {
    // A row that does not fit closes the database.
    if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
  }
}

/** No more problems than these are named. */
const MAX_PROBLEMS = 20;

const damagedRows = (what: string) => `the file is damaged: ${what}`;

function damagedPages(database: DatabaseSync): string[] {
  try {
    const found = textsOf(database, `PRAGMA integrity_check(${MAX_PROBLEMS})`).filter(
      (text) => text !== 'ok',
    );
    return found.map((text) => damagedRows(text.replaceAll(/\s+/g, ' ')));
  } catch (error) {
    // So damaged that even this cannot be read.
    return [damagedRows(textOf(error))];
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function textsOf(database: DatabaseSync, sql: string): string[] {
  return database
    .prepare(sql)
    .all()
    .map((row) => String(Object.values(row)[0]));
}

/** Broken references that the schema declares. */
function foreignKeyProblems(database: DatabaseSync): string[] {
  const found = database.prepare('PRAGMA foreign_key_check').all();
  return [...Map.groupBy(found, ({ table, parent }) => `${table} that belong to no row of ${parent}`)].map(
    ([what, rows]) => `${rows.length} rows of ${what}`,
  );
}

/** References that the schema does not declare: checking them at each write would cost too much. */
const REFERENCES = [
  ...['cells', 'readings', 'compacted', 'silences', 'hours', 'folded', 'archive'].map(
    (table) => [table, 'stream', 'streams'] as const,
  ),
  ...['cells', 'sums'].map((table) => [table, 'series', 'series'] as const),
  ['series', 'target', 'series'],
] as const;

function orphanedRows(database: DatabaseSync): string[] {
  return REFERENCES.flatMap(([table, column, parent]) => {
    const sql = `SELECT count(*) FROM ${table} WHERE ${column} NOT IN (SELECT id FROM ${parent})`;
    const [count = '0'] = textsOf(database, sql);
    return count === '0' ? [] : [`${count} rows of ${table} that belong to no row of ${parent}`];
  });
}

function auditProblems(database: DatabaseSync, settingsOf: AuditInput['settingsOf']): string[] {
  try {
    const store = sqliteStore(database, { isUnverified: true });
    return audit({ state: new LedgerState(store), store, settingsOf });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return [`a row is not as the ledger writes it: ${textOf(error.cause)}`];
  }
}
