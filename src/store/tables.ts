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

/** Column names as a list in SQL. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

/** What the ledger needs to know of a table to write its rows and to keep their digests. */
export interface TableShape {
  /** Those that name the digest that a row belongs to come first. */
  readonly columns: readonly string[];
  /** The primary key; empty where rows are only ever replaced together. */
  readonly key: readonly string[];
  /** The columns that a row with a known key changes. */
  readonly changes: readonly string[];
  /** How many of the first columns are part of the digest's name: they are not hashed. */
  readonly named: number;
  /** The digest that a row belongs to; absent: the table has one. */
  readonly digestOf?: (row: Values) => DigestKey;
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

const SERIES = ['id', 'stream', 'measure', 'resource', 'model', 'tier', 'detail', 'target'];
const COUNTERS = ['total', 'corrections', 'held_total', 'held_corrections', 'held_since', 'held_shown'];
const FEED = ['ranges', 'last_success', 'memo', 'observations', 'reconciliation', 'against', 'notes'];

/** Every table except that of the digests themselves. */
const TABLES = {
  accounts: {
    columns: ['id', 'provider', 'name', 'baseline', 'folded', 'opened_at', 'zero_shown'],
    key: ['id'],
    changes: ['baseline', 'folded', 'zero_shown'],
    named: 0,
  },
  streams: {
    columns: ['id', 'account', 'name', 'closed_before', 'closed_in'],
    key: ['id'],
    changes: ['closed_before', 'closed_in'],
    named: 0,
  },
  resources: {
    columns: ['account', 'resource', 'model', 'tier', 'facts'],
    key: ['account', 'resource'],
    changes: ['facts'],
    named: 0,
  },
  series: {
    columns: [...SERIES, ...COUNTERS, 'last_cell', 'changed_at', 'rolled', 'zero_at'],
    key: ['id'],
    changes: [...COUNTERS, 'last_cell', 'changed_at', 'rolled'],
    named: 0,
  },
  folded: { columns: ['stream', 'digest'], key: ['stream', 'digest'], changes: [], named: 0 },
  cells: {
    columns: ['stream', 'granularity', 'bucket', 'series', 'value', 'base'],
    key: ['stream', 'granularity', 'bucket', 'series'],
    changes: ['value', 'base'],
    named: 2,
    digestOf: keyOfCell,
  },
  readings: {
    columns: ['stream', 'granularity', 'side', 'start', 'end', 'as_of'],
    key: ['stream', 'granularity', 'side', 'start'],
    changes: ['end', 'as_of'],
    named: 0,
  },
  compacted: { columns: ['stream', 'start', 'end'], key: ['stream', 'start'], changes: ['end'], named: 0 },
  silences: {
    columns: ['stream', 'granularity', 'tier', 'start', 'end', 'since'],
    key: [],
    changes: [],
    named: 0,
  },
  sums: {
    columns: ['kind', 'start', 'series', 'value'],
    key: ['kind', 'start', 'series'],
    changes: ['value'],
    named: 2,
    digestOf: ([kind, start]: Values) => ({ rows: sumsOf(String(kind)), unit: Number(start) }),
  },
  hours: {
    columns: ['stream', 'hour', 'currency', 'value'],
    key: ['stream', 'hour', 'currency'],
    changes: ['value'],
    named: 0,
  },
  requests: { columns: ['account', 'state'], key: ['account'], changes: ['state'], named: 0 },
  feeds: { columns: ['account', 'feed', ...FEED], key: ['account', 'feed'], changes: FEED, named: 0 },
  receivers: { columns: ['id', 'name'], key: ['id'], changes: ['name'], named: 0 },
  deliveries: {
    columns: ['receiver', 'family', 'labels', 'zero_at', 'total', 'at'],
    key: ['receiver', 'family', 'labels'],
    changes: ['zero_at', 'total', 'at'],
    named: 1,
    digestOf: ([receiver]: Values) => ({ rows: 'deliveries', unit: Number(receiver) }),
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
