import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import {
  floorTo,
  GRANULARITIES,
  type Granularity,
  type Instant,
  type Range,
  sizeOf,
} from '../core/values/time.ts';

/** A row as SQLite returns it: the values of its columns, in order. */
export type Values = readonly SQLOutputValue[];

/** A statement whose rows are arrays. */
export function prepareArrays(database: DatabaseSync, sql: string): StatementSync {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** What a digest is of: the rows of a table, or a part of them. */
export interface DigestKey {
  readonly rows: string;
  /** The day, the hour, the receiver; 0 for a whole table. */
  readonly unit: number;
}

/** Large enough that there are few of them, and small enough that reading one costs little. */
const UNITS: Readonly<Record<Granularity, Granularity>> = { minute: 'hour', hour: 'day', day: 'day' };

/** The length of a unit of cells that have one digest. */
export function unitSize(granularity: Granularity): number {
  return sizeOf(UNITS[granularity]);
}

/** The whole units that a range touches. */
export function wholeUnits(granularity: Granularity, { start, end }: Range): Range {
  const size = unitSize(granularity);
  return { start: floorTo(size, start), end: Math.ceil(end / size) * size };
}

export const cellsOf = (stream: number, granularity: Granularity) => `cells ${stream} ${granularity}`;
export const sumsOf = (kind: string) => `sums ${kind}`;

function keyOfCell([stream, name, bucket]: Values): DigestKey {
  const granularity = GRANULARITIES.find((each) => each === name) ?? 'day';
  const unit = floorTo(unitSize(granularity), Number(bucket));
  return { rows: `cells ${stream} ${name}`, unit };
}

/** What the declaration of a table does not say of it. */
interface TableShape {
  /** The digest that a row belongs to; absent: the table has one. The columns that name it come first. */
  readonly digestOf?: (row: Values) => DigestKey;
  /** How many of the first columns are part of the digest's name: they are not hashed. */
  readonly named?: number;
  /** Columns that never change and have an index: that would be written again, and a damaged one would refuse the row. */
  readonly fixed?: readonly string[];
}

/** Its rows have digests of their own, see `archive.ts`. */
export const ARCHIVE = 'archive';

/** Every other table except that of the digests themselves. */
const TABLES = {
  accounts: { fixed: ['provider', 'name'] },
  streams: { fixed: ['account', 'name'] },
  resources: {},
  series: { fixed: ['stream', 'measure', 'resource', 'model', 'tier', 'detail'] },
  folded: {},
  cells: { digestOf: keyOfCell, named: 2 },
  readings: {},
  compacted: {},
  silences: {},
  sums: {
    digestOf: ([kind, start]: Values) => ({ rows: sumsOf(String(kind)), unit: Number(start) }),
    named: 2,
  },
  hours: {},
  requests: {},
  feeds: {},
  receivers: {},
  deliveries: {
    digestOf: ([receiver]: Values) => ({ rows: 'deliveries', unit: Number(receiver) }),
    named: 1,
  },
} as const satisfies Record<string, TableShape>;

export type TableName = keyof typeof TABLES;

/** They grow with time; the others only with what there is to bill. Their digests are checked when rows are read. */
export const LARGE_TABLES: readonly TableName[] = ['cells', 'sums'];

export function shapeOf(table: TableName): TableShape {
  return TABLES[table];
}

export function tableNames(): TableName[] {
  return Object.keys(TABLES).filter((name): name is TableName => name in TABLES);
}

/** The instant of a unit in words. */
export function unitText(unit: Instant): string {
  return new Date(unit).toISOString().slice(0, 16);
}
