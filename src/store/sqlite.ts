import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Cell } from '../core/cells.ts';
import type { Fixed } from '../core/money.ts';
import type { Run } from '../core/runs.ts';
import type { Commit, ReadingsRow, Store } from '../core/store.ts';
import { prepareDeliveries } from './deliveries.ts';
import { damagedError } from './open.ts';
import { readAll, storedObservations } from './rows.ts';

/** The ledger's durable form in SQLite: WAL, `synchronous=FULL`, one transaction a commit. */
export function sqliteStore(database: DatabaseSync): Store {
  const statements = orDamaged(database, () => prepareAll(database));
  const deliveries = orDamaged(database, () => prepareDeliveries(database));
  // What stands in the file, so that of a long list of runs only what changed is written.
  const written = new Map<string, readonly Run[]>();

  const transaction = transactions(database);

  const write = (commit: Commit) => {
    for (const row of commit.accounts ?? []) {
      statements.account.run(row.id, row.provider, row.name, row.baseline ?? null, row.folded, row.openedAt);
    }
    for (const row of commit.streams ?? []) {
      statements.stream.run(row.id, row.account, row.name, row.closedBefore, row.closedIn);
    }
    for (const row of commit.resources ?? []) {
      statements.resource.run(row.account, row.resource, row.model, row.tier, JSON.stringify(row.facts));
    }
    writeSeries(statements, commit);
    for (const { stream, digest } of commit.folded ?? []) statements.folded.run(stream, digest);
    for (const { stream, granularity, range } of commit.dropped ?? []) {
      statements.dropCells.run(stream, granularity, range.start, range.end);
    }
    for (const row of commit.cells ?? []) {
      if (row.value === 0n && row.base === 0n)
        statements.dropCell.run(row.stream, row.granularity, row.bucket, row.series);
      else
        statements.cell.run(
          row.stream,
          row.granularity,
          row.bucket,
          row.series,
          `${row.value}`,
          `${row.base}`,
        );
    }
    for (const row of commit.readings ?? [])
      writeReadings(statements, row, written.get(readingsKey(row)) ?? []);
    for (const row of commit.sums ?? []) statements.sum.run(row.kind, row.start, row.series, `${row.value}`);
    for (const row of commit.hours ?? [])
      statements.hour.run(row.stream, row.hour, row.currency, `${row.value}`);
    if (commit.droppedHours) statements.dropHours.run(commit.droppedHours.stream, commit.droppedHours.before);
    if (commit.droppedSums) statements.dropSums.run(commit.droppedSums.kind, commit.droppedSums.before);
    writeLists(statements, commit);
    for (const { receiver, rows } of commit.deliveries ?? []) deliveries.write(receiver, rows);
  };

  return {
    load() {
      const stored = orDamaged(database, () => readAll(database));
      written.clear();
      for (const row of stored.readings) written.set(readingsKey(row), row.runs);
      return stored;
    },
    cells(stream, granularity, range) {
      const buckets = new Map<number, Map<number, Cell>>();
      let bucket: Map<number, Cell> | undefined;
      let at: SQLOutputValue | undefined;
      for (const row of statements.cells.all(stream, granularity, range.start, range.end)) {
        const [start, series, value, base] = row as unknown as readonly [number, number, string, string];
        if (!bucket || start !== at) {
          bucket = new Map();
          at = start;
          buckets.set(start, bucket);
        }
        bucket.set(series, { value: BigInt(value), base: base === '0' ? 0n : BigInt(base) });
      }
      return buckets;
    },
    sums(kind, start) {
      const sums = new Map<number, Fixed>();
      for (const row of statements.sums.all(kind, start)) {
        const [series, value] = row as unknown as readonly [number, string];
        sums.set(series, BigInt(value));
      }
      return sums;
    },
    deliveries: (receiver) => orDamaged(database, () => deliveries.read(receiver)),
    commit(commit) {
      transaction(() => write(commit));
      for (const row of commit.readings ?? []) written.set(readingsKey(row), row.runs);
    },
    together: transaction,
    close: () => database.close(),
  };
}

/** Runs work in a transaction, or in a part of the one that is open: a part that fails takes nothing else with it. */
function transactions(database: DatabaseSync): (work: () => void) => void {
  let isOpen = false;
  const within = (begin: string, end: string, undo: string, work: () => void) => {
    database.exec(begin);
    try {
      work();
      database.exec(end);
    } catch (error) {
      // SQLite has undone all of it by itself where the disk is full.
      if (database.isTransaction) database.exec(undo);
      throw error;
    }
  };
  return (work) => {
    if (isOpen) {
      if (!database.isTransaction) throw new Error('the transaction was undone');
      within('SAVEPOINT part', 'RELEASE part', 'ROLLBACK TO part; RELEASE part', work);
      return;
    }
    isOpen = true;
    try {
      within('BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK', work);
    } finally {
      isOpen = false;
    }
  };
}

/** What cannot be read the way it was written is a damaged file. */
function orDamaged<T>(database: DatabaseSync, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const damaged = damagedError(database, error);
    database.close();
    throw damaged;
  }
}

function readingsKey(row: Pick<ReadingsRow, 'stream' | 'granularity' | 'side'>): string {
  return `${row.stream} ${row.granularity} ${row.side}`;
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  const arrays = (sql: string): StatementSync => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    account: prepare(
      'INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET baseline = excluded.baseline, folded = excluded.folded',
    ),
    stream: prepare(
      'INSERT INTO streams VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET closed_before = excluded.closed_before, closed_in = excluded.closed_in',
    ),
    resource: prepare(
      'INSERT INTO resources VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, resource) DO UPDATE SET facts = excluded.facts',
    ),
    series: prepare(
      `INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET total = excluded.total, corrections = excluded.corrections,
         held_total = excluded.held_total, held_corrections = excluded.held_corrections,
         held_since = excluded.held_since, held_shown = excluded.held_shown,
         last_cell = excluded.last_cell, changed_at = excluded.changed_at, rolled = excluded.rolled`,
    ),
    cell: prepare('INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?)'),
    dropCell: prepare('DELETE FROM cells WHERE stream = ? AND granularity = ? AND bucket = ? AND series = ?'),
    dropCells: prepare(
      'DELETE FROM cells WHERE stream = ? AND granularity = ? AND bucket >= ? AND bucket < ?',
    ),
    cells: arrays(
      'SELECT bucket, series, value, base FROM cells WHERE stream = ? AND granularity = ? AND bucket >= ? AND bucket < ? ORDER BY bucket, series',
    ),
    run: prepare('INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?)'),
    dropRun: prepare('DELETE FROM readings WHERE stream = ? AND granularity = ? AND side = ? AND start = ?'),
    sum: prepare('INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?)'),
    sums: arrays('SELECT series, value FROM sums WHERE kind = ? AND start = ?'),
    hour: prepare('INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?)'),
    dropHours: prepare('DELETE FROM hours WHERE stream = ? AND hour < ?'),
    dropSums: prepare('DELETE FROM sums WHERE kind = ? AND start < ?'),
    folded: prepare('INSERT OR IGNORE INTO folded VALUES (?, ?)'),
    requests: prepare('INSERT OR REPLACE INTO requests VALUES (?, ?)'),
    feed: prepare('INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    silence: prepare('INSERT INTO silences VALUES (?, ?, ?, ?, ?, ?)'),
    dropSilences: prepare('DELETE FROM silences WHERE stream = ?'),
    compacted: prepare('INSERT INTO compacted VALUES (?, ?, ?)'),
    dropCompacted: prepare('DELETE FROM compacted WHERE stream = ?'),
  };
}

function writeSeries(statements: Statements, commit: Commit): void {
  for (const row of commit.series ?? []) {
    const { hold } = row;
    statements.series.run(
      ...[row.id, row.stream, row.measure, row.resource, row.model, row.tier, row.detail, row.target],
      ...[`${row.total}`, `${row.corrections}`],
      ...[
        hold ? `${hold.total}` : null,
        hold ? `${hold.corrections}` : null,
        hold?.since ?? null,
        hold?.shown ? 1 : 0,
      ],
      ...[row.lastCell, row.changedAt, `${row.rolled}`, row.zeroAt],
    );
  }
}

function writeReadings(statements: Statements, row: ReadingsRow, before: readonly Run[]): void {
  const { stream, granularity, side, runs } = row;
  let head = 0;
  while (head < runs.length && head < before.length && isSameRun(runs[head], before[head])) head += 1;
  let tail = 0;
  const most = Math.min(runs.length, before.length) - head;
  while (tail < most && isSameRun(runs.at(-1 - tail), before.at(-1 - tail))) tail += 1;
  for (const run of before.slice(head, before.length - tail))
    statements.dropRun.run(stream, granularity, side, run.start);
  for (const run of runs.slice(head, runs.length - tail)) {
    statements.run.run(stream, granularity, side, run.start, run.end, run.asOf);
  }
}

function isSameRun(a: Run | undefined, b: Run | undefined): boolean {
  return a?.start === b?.start && a?.end === b?.end && a?.asOf === b?.asOf;
}

function writeLists(statements: Statements, commit: Commit): void {
  for (const row of commit.feeds ?? []) {
    const { reconciliation } = row;
    statements.feed.run(
      ...[row.account, row.feed, JSON.stringify(row.read), row.lastSuccess ?? null, row.memo ?? null],
      storedObservations(row.observations),
      reconciliation ? `${reconciliation.difference}` : null,
      reconciliation?.against ?? null,
      JSON.stringify(row.notes),
    );
  }
  for (const row of commit.requests ?? []) statements.requests.run(row.account, row.state);
  for (const { stream, rows } of commit.silences ?? []) {
    statements.dropSilences.run(stream);
    for (const { granularity, tier, range, since } of rows) {
      statements.silence.run(stream, granularity, tier, range.start, range.end, since);
    }
  }
  for (const { stream, days } of commit.compacted ?? []) {
    statements.dropCompacted.run(stream);
    for (const range of days) statements.compacted.run(stream, range.start, range.end);
  }
}
