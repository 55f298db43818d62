import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Cell, Cells } from '../core/ledger/cell.ts';
import type { PackedAmounts } from '../core/ledger/packed-amounts.ts';
import type { PeriodKind } from '../core/ledger/records.ts';
import { getOrCreate } from '../core/values/maps.ts';
import { floorTo, type Granularity, type Instant, type Range } from '../core/values/time.ts';
import { type DeliveryTables, prepareDeliveries } from './deliveries.ts';
import { EMPTY, hashRow, plus, type RowDigest } from './digest.ts';
import { readAmounts, readIds } from './number-text.ts';
import type { ReadRows, Seals } from './seals.ts';
import { cellsOf, prepareArrays, sumsOf, unitSize, wholeUnits } from './tables.ts';

export interface StoreOptions {
  /** Rows that the start has read already; cleared once they are loaded. */
  readonly read?: ReadRows;
  /** To inspect a damaged ledger: rows are not verified against their digests. */
  readonly isUnverified?: boolean;
}

/** What is read from the file while the program runs: whole units, which are verified against their digests before use. */
export interface Reads {
  readCells(stream: number, granularity: Granularity, range: Range): Cells;
  readSums(kind: PeriodKind, start: Instant): PackedAmounts;
  readonly deliveries: DeliveryTables;
}

type CellColumns = readonly [bucket: number, series: number, value: string, base: string];
type SumLists = readonly [count: number, series: string, values: string];

const CELLS = `SELECT bucket, series, value, base FROM cells
  WHERE stream = ? AND granularity = ? AND bucket >= ? AND bucket < ? ORDER BY bucket, series`;
/** Two texts instead of rows, which would take more than twice as long. A text of damaged rows may be missing. */
const SUMS = `SELECT count(*), coalesce(group_concat(series), ''), coalesce(group_concat(value), '') FROM sums
  WHERE kind = ? AND start = ?`;

export function prepareReads(database: DatabaseSync, seals: Seals, options: StoreOptions): Reads {
  const rowsOf = <T>(sql: string) => {
    const statement = prepareArrays(database, sql);
    return (...values: SQLInputValue[]) => statement.all(...values) as unknown[] as readonly T[];
  };
  const cellRows = rowsOf<CellColumns>(CELLS);
  const sumLists = rowsOf<SumLists>(SUMS);
  const verify: Seals['verify'] = (...what) => {
    if (!options.isUnverified) seals.verify(...what);
  };
  return {
    deliveries: prepareDeliveries(database, seals),
    readCells(stream, granularity, range) {
      const whole = wholeUnits(granularity, range);
      const rows = cellRows(stream, granularity, whole.start, whole.end);
      verify(cellsOf(stream, granularity), whole, digestsOf(rows, unitSize(granularity)));
      return cellsIn(rows, range);
    },
    readSums(kind, start) {
      const [[count, series, values] = [0, '', '']] = sumLists(kind, start);
      const { ids } = readIds(series, count);
      const { digest, amounts } = readAmounts(values, 0, ids);
      verify(sumsOf(kind), { start, end: start + 1 }, new Map([[start, digest]]));
      return amounts();
    },
  };
}

function digestsOf(rows: readonly CellColumns[], size: number): Map<number, RowDigest> {
  const digests = new Map<number, RowDigest>();
  for (const row of rows) {
    const unit = floorTo(size, row[0]);
    digests.set(unit, plus(digests.get(unit) ?? EMPTY, hashRow(row)));
  }
  return digests;
}

function cellsIn(rows: readonly CellColumns[], { start, end }: Range): Cells {
  const buckets = new Map<Instant, Map<number, Cell>>();
  for (const [bucket, series, value, base] of rows) {
    if (bucket < start || bucket >= end) continue;
    const cells = getOrCreate(buckets, bucket, () => new Map());
    cells.set(series, { value: BigInt(value), baseline: base === '0' ? 0n : BigInt(base) });
  }
  return buckets;
}
