import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { getOrCreate } from '../core/values/maps.ts';
import type { Range } from '../core/values/time.ts';
import { EMPTY, hashRow, minus, plus, type RowDigest } from './digest.ts';
import {
  ARCHIVE,
  type DigestKey,
  LARGE_TABLES,
  prepareArrays,
  shapeOf,
  type TableName,
  tableNames,
  unitText,
  type Values,
} from './tables.ts';

/** Digests by what they are of and by unit. What has no rows has none. */
type Digests = Map<string, Map<number, RowDigest>>;

/** The rows are not those that the ledger wrote. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/**
 * The digests of the ledger's rows: written with every commit, and compared with the rows when these are read. SQLite itself does not
 * notice a key that no longer fits its place, nor a digit that became another one.
 */
export class Seals {
  readonly #stored: Digests;
  /** Those that the transaction under way has changed. */
  #changed: Digests = new Map();
  readonly #put: StatementSync;
  readonly #drop: StatementSync;

  constructor(database: DatabaseSync) {
    this.#stored = readDigests(database);
    this.#put = database.prepare('INSERT OR REPLACE INTO digests VALUES (?, ?, ?)');
    this.#drop = database.prepare('DELETE FROM digests WHERE rows = ? AND unit = ?');
  }

  add({ rows, unit }: DigestKey, hash: RowDigest): void {
    setDigest(this.#changed, rows, unit, plus(this.#current(rows, unit), hash));
  }

  remove({ rows, unit }: DigestKey, hash: RowDigest): void {
    setDigest(this.#changed, rows, unit, minus(this.#current(rows, unit), hash));
  }

  /** Writes what the transaction has changed, as its last step. */
  write(): void {
    for (const [rows, units] of this.#changed) {
      for (const [unit, digest] of units) {
        if (digest === EMPTY) this.#drop.run(rows, unit);
        else this.#put.run(rows, unit, digest);
      }
    }
  }

  /** The transaction was committed. */
  keep(): void {
    for (const [rows, units] of this.#changed) {
      for (const [unit, digest] of units) setDigest(this.#stored, rows, unit, digest);
    }
    this.#changed = new Map();
  }

  /** The transaction was rolled back. */
  discard(): void {
    this.#changed = new Map();
  }

  /** Begins a part of a transaction. What it returns undoes the part. */
  mark(): () => void {
    const before: Digests = new Map([...this.#changed].map(([rows, units]) => [rows, new Map(units)]));
    return () => {
      this.#changed = before;
    };
  }

  /**
   * Compares the rows of whole units with their digests.
   *
   * @throws {SealError} when they are not the rows that were written.
   */
  verify(rows: string, range: Range, found: ReadonlyMap<number, RowDigest>): void {
    // Several commits may share a transaction: a later one reads what an earlier one has written.
    const isOff = (unit: number) => this.#current(rows, unit) !== (found.get(unit) ?? EMPTY);
    for (const unit of found.keys()) if (isOff(unit)) throw new SealError(whatOf(rows, unit));
    for (const units of [this.#stored.get(rows) ?? NONE, this.#changed.get(rows) ?? NONE]) {
      for (const unit of units.keys())
        if (unit >= range.start && unit < range.end && isOff(unit)) throw new SealError(whatOf(rows, unit));
    }
  }

  #current(rows: string, unit: number): RowDigest {
    return this.#changed.get(rows)?.get(unit) ?? this.#stored.get(rows)?.get(unit) ?? EMPTY;
  }
}

const NONE: ReadonlyMap<number, RowDigest> = new Map();

/** Rows that were read, by table. */
export type ReadRows = Map<TableName, readonly Values[]>;

/**
 * What differs from what was written, in words.
 *
 * @param kept receives the rows of these tables, so that the next step need not read them again.
 */
export function brokenSeals(database: DatabaseSync, tables = tableNames(), kept?: ReadRows): string[] {
  const stored = readDigests(database);
  const found: Digests = new Map([[SCHEMA, new Map([[0, schemaDigest(database)]])]]);
  for (const table of tables) {
    if (kept) kept.set(table, allOf(database, table));
    addRows(found, table, kept?.get(table) ?? rowsOf(database, selectOf(table)));
  }
  const isAsked = (rows: string) => rows === SCHEMA || tables.some((table) => belongs(rows, table));
  const names = new Set([...stored.keys(), ...found.keys()].filter(isAsked));
  return [...names].flatMap((rows) => {
    const [is, was] = [found.get(rows) ?? NONE, stored.get(rows) ?? NONE];
    return [...new Set([...is.keys(), ...was.keys()])]
      .filter((unit) => (is.get(unit) ?? EMPTY) !== (was.get(unit) ?? EMPTY))
      .map((unit) => whatOf(rows, unit));
  });
}

/** The tables whose rows are read once, at the start. */
export function smallTables(): TableName[] {
  return tableNames().filter((table) => !LARGE_TABLES.includes(table));
}

/** Accepts every row as it is, after changes that no digest followed, such as a migration. To be called within a transaction. */
export function seal(database: DatabaseSync): void {
  const found: Digests = new Map([[SCHEMA, new Map([[0, schemaDigest(database)]])]]);
  for (const table of tableNames()) addRows(found, table, rowsOf(database, selectOf(table)));
  database.exec('DELETE FROM digests');
  const put = database.prepare('INSERT INTO digests VALUES (?, ?, ?)');
  for (const [rows, units] of found)
    for (const [unit, digest] of units) if (digest !== EMPTY) put.run(rows, unit, digest);
}

/** The schema has a digest, too: a damaged one could make SQLite read the tables in another way. */
const SCHEMA = 'schema';

function schemaDigest(database: DatabaseSync): RowDigest {
  const sql = `SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'table'`;
  let digest = EMPTY;
  for (const row of rowsOf(database, sql)) {
    // Others may have come by ANALYZE.
    if ([...tableNames(), ARCHIVE].some((name) => name === row[0])) digest = plus(digest, hashRow(row));
  }
  return digest;
}

/** Every row of a table, in the order of its columns. */
export function allOf(database: DatabaseSync, table: TableName): readonly Values[] {
  return prepareArrays(database, selectOf(table)).all() as unknown as Values[];
}

/** An index that is damaged must not choose the rows. */
function selectOf(table: TableName): string {
  return `SELECT * FROM ${table} NOT INDEXED`;
}

function addRows(digests: Digests, table: TableName, all: Iterable<Values>): void {
  const { named, digestOf } = shapeOf(table);
  let digest = EMPTY;
  for (const row of all) {
    const hash = hashRow(row, named);
    if (digestOf === undefined) digest = plus(digest, hash);
    else {
      const { rows, unit } = digestOf(row);
      setDigest(digests, rows, unit, plus(digests.get(rows)?.get(unit) ?? EMPTY, hash));
    }
  }
  if (digest !== EMPTY) setDigest(digests, table, 0, digest);
}

function readDigests(database: DatabaseSync): Digests {
  const digests: Digests = new Map();
  for (const [rows, unit, digest] of rowsOf(database, 'SELECT rows, unit, digest FROM digests'))
    setDigest(digests, String(rows), Number(unit), Number(digest));
  return digests;
}

function* rowsOf(database: DatabaseSync, sql: string): Generator<Values> {
  for (const row of prepareArrays(database, sql).iterate()) yield row as unknown as Values;
}

function setDigest(digests: Digests, rows: string, unit: number, digest: RowDigest): void {
  getOrCreate(digests, rows, () => new Map()).set(unit, digest);
}

function belongs(rows: string, table: TableName): boolean {
  return rows === table || rows.startsWith(`${table} `);
}

/** What is damaged, in words. */
export function whatOf(rows: string, unit: number): string {
  if (rows === SCHEMA) return 'its tables are not declared as the ledger declares them';
  const [table = '', ...of] = rows.split(' ');
  if (table === 'deliveries') return `${table} of receiver ${unit} are not as the ledger wrote them`;
  const when = of.length === 0 || Math.abs(unit) > 8.64e15 ? '' : ` of ${unitText(unit)}`;
  const which = of.length === 0 ? '' : ` (${of.join(' ')})`;
  return `${table}${which}${when} are not as the ledger wrote them`;
}
