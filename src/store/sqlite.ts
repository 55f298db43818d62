import type { DatabaseSync } from 'node:sqlite';
import type { ReadInterval } from '../core/ledger/readings.ts';
import type { ReadingsRow, Store } from '../core/ledger/records.ts';
import { readingsKey } from '../core/ledger/state.ts';
import { isMalformed, storeError } from './open.ts';
import { prepareReads, type StoreOptions } from './reads.ts';
import { readAll } from './rows.ts';
import { Seals } from './seals.ts';
import { prepareTables, writeCommit } from './write-commit.ts';

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
  const cells: Store['cells'] = (...what) => orDamaged(database, () => readCells(...what));

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
    cells,
    peekCells: cells,
    periodTotals: (kind, start) => orDamaged(database, () => readSums(kind, start)),
    archivedDay: (stream, day) => orDamaged(database, () => tables.archive.read(stream, day)),
    deliveries: (receiver) => orDamaged(database, () => deliveries.read(receiver)),
    commit(commit) {
      const { droppedArchive } = commit;
      const expired = droppedArchive && orDamaged(database, () => tables.archive.soundDays(droppedArchive));
      transaction(() => {
        if (expired) tables.archive.drop(expired);
        writeCommit(tables, commit, (row) => written.get(keyOf(row)) ?? []);
        for (const { receiver, rows } of commit.deliveries ?? []) deliveries.write(receiver, rows);
      });
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
