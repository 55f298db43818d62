import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { getOrCreate } from '../core/values/maps.ts';
import { hashRow } from './digest.ts';
import type { Seals } from './seals.ts';
import { LARGE_TABLES, prepareArrays, shapeOf, type TableName, type Values } from './tables.ts';

/** Writes the rows of a table, and keeps their digests. To be used within a transaction. */
export class SealedTable {
  readonly #database: DatabaseSync;
  readonly #seals: Seals;
  readonly #table: TableName;
  readonly #columns: readonly TableColumn[];
  readonly #keyPlaces: readonly number[];
  readonly #find: StatementSync | undefined;
  readonly #put: StatementSync;
  readonly #drops = new Map<string, StatementSync>();
  /** What is stored is what was given, numbers and digits only: many rows are written, and none has to be read back. */
  readonly #isExact: boolean;

  constructor(database: DatabaseSync, seals: Seals, table: TableName) {
    const columns = columnsOf(database, table);
    const key = columns.filter(({ isKey }) => isKey);
    const condition = key.map(({ name }) => `"${name}" = ?`).join(' AND ');
    this.#database = database;
    this.#seals = seals;
    this.#table = table;
    this.#columns = columns;
    this.#keyPlaces = key.map((column) => columns.indexOf(column));
    this.#find =
      key.length === 0 ? undefined : prepareArrays(database, `SELECT * FROM ${table} WHERE ${condition}`);
    this.#isExact = LARGE_TABLES.includes(table);
    this.#put = prepareArrays(database, `${upsertOf(table, columns)}${this.#isExact ? '' : ' RETURNING *'}`);
  }

  /** Adds a row, or changes the one that has its key. The values are in the order of the columns. */
  put(...values: SQLInputValue[]): void {
    const before = this.#find?.get(...this.#keyPlaces.map((place) => values[place] ?? null));
    if (before !== undefined) this.#count(before, 'remove');
    if (this.#isExact) this.#put.run(...values);
    this.#count(this.#isExact ? values : this.#put.get(...values), 'add');
  }

  /** Like {@link put}, by the names of the columns: for rows with many of them. */
  putRow(row: Readonly<Record<string, SQLInputValue>>): void {
    this.put(...this.#columns.map(({ name }) => row[name] ?? null));
  }

  /** Deletes the rows that meet a condition, whose statement is prepared once. */
  drop(condition: string, ...values: SQLInputValue[]): void {
    const sql = `DELETE FROM ${this.#table} WHERE ${condition} RETURNING *`;
    const statement = getOrCreate(this.#drops, condition, () => prepareArrays(this.#database, sql));
    for (const row of statement.all(...values)) this.#count(row, 'remove');
  }

  #count(row: unknown, how: 'add' | 'remove'): void {
    const values = row as Values;
    const { digestOf, named } = shapeOf(this.#table);
    this.#seals[how](digestOf?.(values) ?? { rows: this.#table, unit: 0 }, hashRow(values, named));
  }
}

interface TableColumn {
  readonly name: string;
  /** Rows without a key are only ever replaced together. */
  readonly isKey: boolean;
}

/** In the order in which they were declared. */
function columnsOf(database: DatabaseSync, table: TableName): TableColumn[] {
  const declared = database.prepare(`PRAGMA table_info(${table})`).all();
  return declared.map(({ name, pk }) => ({ name: String(name), isKey: pk !== 0 }));
}

/** A row with a known key changes all others of its columns that can change. */
function upsertOf(table: TableName, columns: readonly TableColumn[]): string {
  const { fixed = [] } = shapeOf(table);
  const key = columns.filter(({ isKey }) => isKey).map(({ name }) => `"${name}"`);
  const set = columns
    .filter(({ name, isKey }) => !isKey && !fixed.includes(name))
    .map(({ name }) => `"${name}" = excluded."${name}"`);
  const insert = `INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`;
  if (key.length === 0 || set.length === 0) return insert;
  return `${insert} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`;
}
