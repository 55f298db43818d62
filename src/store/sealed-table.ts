import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { hashRow } from './digest.ts';
import type { Seals } from './seals.ts';
import {
  columnList,
  type DigestKey,
  LARGE_TABLES,
  prepareArrays,
  shapeOf,
  type TableName,
  type TableShape,
  type Values,
} from './tables.ts';

/** Writes the rows of a table, and keeps their digests. To be used within a transaction. */
export class SealedTable {
  readonly #seals: Seals;
  readonly #shape: TableShape;
  readonly #table: TableName;
  readonly #find: StatementSync | undefined;
  readonly #put: StatementSync;
  readonly #database: DatabaseSync;
  readonly #keyPlaces: readonly number[];
  /** What is stored is what was given, numbers and digits only: many rows are written, and none has to be read back. */
  readonly #isExact: boolean;

  constructor(database: DatabaseSync, seals: Seals, table: TableName) {
    const shape = shapeOf(table);
    this.#database = database;
    this.#seals = seals;
    this.#table = table;
    this.#shape = shape;
    this.#keyPlaces = shape.key.map((column) => shape.columns.indexOf(column));
    this.#find =
      shape.key.length === 0
        ? undefined
        : prepareArrays(
            database,
            `SELECT ${columnList(shape.columns)} FROM ${table} WHERE ${conditionOf(shape.key)}`,
          );
    this.#isExact = LARGE_TABLES.includes(table);
    this.#put = prepareArrays(database, upsertOf(table, shape, !this.#isExact));
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
    this.put(...this.#shape.columns.map((column) => row[column] ?? null));
  }

  /** What deletes the rows that meet a condition. */
  dropper(condition: string): (...values: SQLInputValue[]) => void {
    const sql = `DELETE FROM ${this.#table} WHERE ${condition} RETURNING ${columnList(this.#shape.columns)}`;
    const drop = prepareArrays(this.#database, sql);
    return (...values) => {
      for (const row of drop.all(...values)) this.#count(row, 'remove');
    };
  }

  #count(row: unknown, how: 'add' | 'remove'): void {
    const values = row as Values;
    this.#seals[how](this.#keyOf(values), hashRow(values, this.#shape.named));
  }

  #keyOf(row: Values): DigestKey {
    return this.#shape.digestOf?.(row) ?? { rows: this.#table, unit: 0 };
  }
}

/** As stored, not as given: the columns of a known row that a change leaves alone count as they are. */
function upsertOf(table: TableName, { columns, key, changes }: TableShape, isReadBack: boolean): string {
  const places = columns.map(() => '?').join(', ');
  const insert = `INSERT INTO ${table} (${columnList(columns)}) VALUES (${places})`;
  const set = changes.map((column) => `"${column}" = excluded."${column}"`).join(', ');
  const update =
    key.length === 0 || changes.length === 0 ? '' : ` ON CONFLICT (${columnList(key)}) DO UPDATE SET ${set}`;
  return `${insert}${update}${isReadBack ? ` RETURNING ${columnList(columns)}` : ''}`;
}

function conditionOf(key: readonly string[]): string {
  return key.map((column) => `"${column}" = ?`).join(' AND ');
}
