import type { DatabaseSync } from 'node:sqlite';
import type { ReadInterval } from '../core/ledger/readings.ts';
import type { Commit, ReadingsRow, SeriesRow, Store } from '../core/ledger/records.ts';
import { readingsKey } from '../core/ledger/state.ts';
import { isMalformed, storeError } from './open.ts';
import { prepareReads, type StoreOptions } from './reads.ts';
import { readAll, storedObservations } from './rows.ts';
import { SealedTable } from './sealed-table.ts';
import { Seals } from './seals.ts';
import type { TableName } from './tables.ts';

/** The ledger's durable form in SQLite: WAL, `synchronous=FULL`, one transaction per commit. Rows are verified against their digests. */
export function sqliteStore(database: DatabaseSync, options: StoreOptions = {}): Store {
  const { seals, tables, readCells, readSums, deliveries } = orClosed(database, () => {
    const known = new Seals(database);
    return {
      seals: known,
      tables: prepareTables(database, known),
      ...prepareReads(database, known, options),
    };
  });
  // What the file contains, so that only the changes to a long list of readings are written.
  const written = new Map<string, readonly ReadInterval[]>();

  let isLoaded = false;

  const transaction = transactions(database, seals);

  const write = (commit: Commit) => {
    for (const row of commit.accounts ?? [])
      tables.accounts.put(
        ...[row.id, row.provider, row.name, row.baseline ?? null, row.overflowCount, row.openedAt],
        row.zeroShown ? 1 : 0,
      );
    for (const row of commit.streams ?? [])
      tables.streams.put(row.id, row.account, row.name, row.closedBefore, row.closedIn);
    for (const row of commit.resources ?? [])
      tables.resources.put(row.account, row.resource, row.model, row.tier, JSON.stringify(row.facts));
    for (const row of commit.series ?? []) writeSeries(tables, row);
    for (const { stream, digest } of commit.overflowed ?? []) tables.folded.put(stream, digest);
    writeCells(tables, commit);
    for (const row of commit.readings ?? []) writeReadings(tables, row, written.get(keyOf(row)) ?? []);
    writeSums(tables, commit);
    writeLists(tables, commit);
    for (const { receiver, rows } of commit.deliveries ?? []) deliveries.write(receiver, rows);
  };

  return {
    load() {
      // A later load may be tried again: a disk may fail for a moment.
      const guarded = isLoaded ? orDamaged : orClosed;
      const stored = guarded(database, () => readAll(database, options.read));
      isLoaded = true;
      options.read?.clear();
      written.clear();
      for (const row of stored.readings) written.set(keyOf(row), row.intervals);
      return stored;
    },
    cells: (stream, granularity, range) => orDamaged(database, () => readCells(stream, granularity, range)),
    periodTotals: (kind, start) => orDamaged(database, () => readSums(kind, start)),
    deliveries: (receiver) => orDamaged(database, () => deliveries.read(receiver)),
    commit(commit) {
      transaction(() => write(commit));
      for (const row of commit.readings ?? []) written.set(keyOf(row), row.intervals);
    },
    together: transaction,
    close: () => database.close(),
  };
}

/** Runs work in a transaction, or in a part of the one that is open: a part that fails takes nothing else with it. */
function transactions(database: DatabaseSync, seals: Seals): (work: () => void) => void {
  let isOpen = false;
  /** Why SQLite has undone the open transaction by itself, as it does where the disk is full. */
  let undoneBy: { readonly error: unknown } | undefined;
  const assertNotUndone = () => {
    if (undoneBy) throw undoneBy.error;
  };
  const whole = (work: () => void) => {
    undoneBy = undefined;
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      // Digests that are written outside of a transaction would outlast the rows they are of.
      assertNotUndone();
      seals.write();
      database.exec('COMMIT');
      seals.keep();
    } catch (error) {
      seals.discard();
      if (database.isTransaction) database.exec('ROLLBACK');
      throw isMalformed(error) ? storeError(database, error) : error;
    }
  };
  const part = (work: () => void) => {
    assertNotUndone();
    const restoreSeals = seals.mark();
    database.exec('SAVEPOINT part');
    try {
      work();
      database.exec('RELEASE part');
    } catch (error) {
      restoreSeals();
      if (database.isTransaction) database.exec('ROLLBACK TO part; RELEASE part');
      else {
        // The parts before are undone with it: what is still read must fit the rows that are left.
        seals.discard();
        undoneBy ??= { error };
      }
      throw isMalformed(error) ? storeError(database, error) : error;
    }
  };
  return (work) => {
    if (isOpen) return part(work);
    isOpen = true;
    try {
      whole(work);
    } finally {
      isOpen = false;
    }
  };
}

/** A file that cannot be read the way it was written is damaged. */
function orDamaged<T>(database: DatabaseSync, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw storeError(database, error);
  }
}

/** A ledger that cannot be read at the start is of no use. */
function orClosed<T>(database: DatabaseSync, read: () => T): T {
  try {
    return orDamaged(database, read);
  } catch (error) {
    database.close();
    throw error;
  }
}

function keyOf({ stream, granularity, side }: ReadingsRow): string {
  return readingsKey(stream, granularity, side);
}

type Tables = ReturnType<typeof prepareTables>;

function prepareTables(database: DatabaseSync, seals: Seals) {
  const table = (name: TableName) => new SealedTable(database, seals, name);
  const [cells, sums, hours, readings] = [table('cells'), table('sums'), table('hours'), table('readings')];
  const [silences, compacted] = [table('silences'), table('compacted')];
  return {
    accounts: table('accounts'),
    streams: table('streams'),
    resources: table('resources'),
    series: table('series'),
    folded: table('folded'),
    cells,
    dropCell: cells.dropper('stream = ? AND granularity = ? AND bucket = ? AND series = ?'),
    dropCells: cells.dropper('stream = ? AND granularity = ? AND bucket >= ? AND bucket < ?'),
    readings,
    dropReading: readings.dropper('stream = ? AND granularity = ? AND side = ? AND start = ?'),
    sums,
    dropSums: sums.dropper('kind = ? AND start < ?'),
    hours,
    dropHours: hours.dropper('stream = ? AND hour < ?'),
    requests: table('requests'),
    feeds: table('feeds'),
    silences,
    dropSilences: silences.dropper('stream = ?'),
    compacted,
    dropCompacted: compacted.dropper('stream = ?'),
  };
}

function writeSeries(tables: Tables, row: SeriesRow): void {
  const { hold } = row;
  tables.series.put(
    ...[row.id, row.stream, row.measure, row.resource, row.model, row.tier, row.detail, row.target],
    ...[`${row.total}`, `${row.corrections}`],
    ...[hold ? `${hold.total}` : null, hold ? `${hold.corrections}` : null],
    ...[hold?.since ?? null, hold?.shown ? 1 : 0],
    ...[row.lastCell, row.changedAt, `${row.rolled}`, row.createdAt],
  );
}

function writeCells(tables: Tables, commit: Commit): void {
  for (const { stream, granularity, range } of commit.dropped ?? [])
    tables.dropCells(stream, granularity, range.start, range.end);
  for (const { stream, granularity, bucket, series, value, baseline } of commit.cells ?? []) {
    if (value === 0n && baseline === 0n) tables.dropCell(stream, granularity, bucket, series);
    else tables.cells.put(stream, granularity, bucket, series, `${value}`, `${baseline}`);
  }
}

function writeSums(tables: Tables, commit: Commit): void {
  for (const row of commit.periodTotals ?? [])
    tables.sums.put(row.kind, row.start, row.series, `${row.value}`);
  for (const row of commit.hourlyTotals ?? [])
    tables.hours.put(row.stream, row.hour, row.currency, `${row.value}`);
  if (commit.droppedHourlyTotals)
    tables.dropHours(commit.droppedHourlyTotals.stream, commit.droppedHourlyTotals.before);
  if (commit.droppedPeriodTotals)
    tables.dropSums(commit.droppedPeriodTotals.kind, commit.droppedPeriodTotals.before);
}

function writeReadings(tables: Tables, row: ReadingsRow, before: readonly ReadInterval[]): void {
  const { stream, granularity, intervals } = row;
  const side = row.side === 'current' ? 'newest' : 'oldest';
  let head = 0;
  while (head < intervals.length && head < before.length && isSameInterval(intervals[head], before[head]))
    head += 1;
  let tail = 0;
  const most = Math.min(intervals.length, before.length) - head;
  while (tail < most && isSameInterval(intervals.at(-1 - tail), before.at(-1 - tail))) tail += 1;
  for (const interval of before.slice(head, before.length - tail))
    tables.dropReading(stream, granularity, side, interval.start);
  for (const interval of intervals.slice(head, intervals.length - tail)) {
    tables.readings.put(stream, granularity, side, interval.start, interval.end, interval.asOf);
  }
}

function isSameInterval(a: ReadInterval | undefined, b: ReadInterval | undefined): boolean {
  return a?.start === b?.start && a?.end === b?.end && a?.asOf === b?.asOf;
}

function writeLists(tables: Tables, commit: Commit): void {
  for (const row of commit.feeds ?? []) {
    const { reconciliation } = row;
    tables.feeds.put(
      ...[row.account, row.feed, JSON.stringify(row.read), row.lastSuccess ?? null, row.state ?? null],
      storedObservations(row.observations),
      reconciliation ? `${reconciliation.difference}` : null,
      reconciliation?.against ?? null,
      JSON.stringify(row.notes),
    );
  }
  for (const row of commit.requests ?? []) tables.requests.put(row.account, row.state);
  for (const { stream, rows } of commit.omissions ?? []) {
    tables.dropSilences(stream);
    for (const { granularity, tier, range, since } of rows) {
      tables.silences.put(stream, granularity, tier, range.start, range.end, since);
    }
  }
  for (const { stream, days } of commit.compacted ?? []) {
    tables.dropCompacted(stream);
    for (const range of days) tables.compacted.put(stream, range.start, range.end);
  }
}
