import type { DatabaseSync } from 'node:sqlite';
import type { ReadInterval } from '../core/ledger/readings.ts';
import type {
  AccountRow,
  Commit,
  FeedRow,
  ReadingsRow,
  SeriesRow,
  StreamRow,
} from '../core/ledger/records.ts';
import { prepareArchive } from './archive.ts';
import { storedObservations } from './rows.ts';
import { SealedTable } from './sealed-table.ts';
import type { Seals } from './seals.ts';
import type { TableName } from './tables.ts';

export type Tables = ReturnType<typeof prepareTables>;

export function prepareTables(database: DatabaseSync, seals: Seals) {
  const table = (name: TableName) => new SealedTable(database, seals, name);
  return {
    accounts: table('accounts'),
    streams: table('streams'),
    resources: table('resources'),
    series: table('series'),
    folded: table('folded'),
    cells: table('cells'),
    readings: table('readings'),
    sums: table('sums'),
    hours: table('hours'),
    requests: table('requests'),
    feeds: table('feeds'),
    silences: table('silences'),
    compacted: table('compacted'),
    archive: prepareArchive(database),
  };
}

/**
 * Writes a commit, except for deliveries, within a transaction.
 *
 * @param stored what the file contains: of a long list of readings only the changes are written.
 */
export function writeCommit(
  tables: Tables,
  commit: Commit,
  stored: (row: ReadingsRow) => readonly ReadInterval[],
): void {
  for (const row of commit.accounts ?? []) writeAccount(tables, row);
  for (const row of commit.streams ?? []) writeStream(tables, row);
  for (const row of commit.resources ?? [])
    tables.resources.put(row.account, row.resource, row.model, row.tier, JSON.stringify(row.facts));
  for (const row of commit.series ?? []) writeSeries(tables, row);
  for (const { stream, digest } of commit.overflowed ?? []) tables.folded.put(stream, digest);
  writeCells(tables, commit);
  for (const row of commit.readings ?? []) writeReadings(tables, row, stored(row));
  writeTotals(tables, commit);
  for (const day of commit.archived ?? []) tables.archive.write(day);
  for (const row of commit.feeds ?? []) writeFeed(tables, row);
  for (const row of commit.requests ?? []) tables.requests.put(row.account, row.state);
  writeLists(tables, commit);
}

function writeAccount(tables: Tables, row: AccountRow): void {
  tables.accounts.putRow({
    id: row.id,
    provider: row.provider,
    name: row.name,
    folded: row.overflowCount,
    opened_at: row.openedAt,
    zero_shown: row.zeroShown ? 1 : 0,
  });
}

function writeStream(tables: Tables, row: StreamRow): void {
  tables.streams.putRow({
    id: row.id,
    account: row.account,
    name: row.name,
    closed_before: row.closedBefore,
    closed_in: row.closedIn,
    baseline: row.baseline ?? null,
    archived_from: row.archivedFrom ?? null,
  });
}

function writeSeries(tables: Tables, { hold, ...row }: SeriesRow): void {
  tables.series.putRow({
    id: row.id,
    stream: row.stream,
    measure: row.measure,
    resource: row.resource,
    model: row.model,
    tier: row.tier,
    detail: row.detail,
    target: row.target,
    total: `${row.total}`,
    corrections: `${row.corrections}`,
    held_total: hold ? `${hold.total}` : null,
    held_corrections: hold ? `${hold.corrections}` : null,
    held_since: hold?.since ?? null,
    held_shown: hold?.shown ? 1 : 0,
    last_cell: row.lastCell,
    changed_at: row.changedAt,
    rolled: `${row.rolled}`,
    zero_at: row.createdAt,
  });
}

const CELL = 'stream = ? AND granularity = ? AND bucket = ? AND series = ?';
const CELLS = 'stream = ? AND granularity = ? AND bucket >= ? AND bucket < ?';

function writeCells({ cells }: Tables, commit: Commit): void {
  for (const { stream, granularity, range } of commit.dropped ?? [])
    cells.drop(CELLS, stream, granularity, range.start, range.end);
  for (const { stream, granularity, bucket, series, value, baseline } of commit.cells ?? []) {
    if (value === 0n && baseline === 0n) cells.drop(CELL, stream, granularity, bucket, series);
    else cells.put(stream, granularity, bucket, series, `${value}`, `${baseline}`);
  }
}

function writeTotals({ sums, hours }: Tables, commit: Commit): void {
  const { droppedHourlyTotals: oldHours, droppedPeriodTotals: oldPeriods } = commit;
  for (const row of commit.periodTotals ?? []) sums.put(row.kind, row.start, row.series, `${row.value}`);
  for (const row of commit.hourlyTotals ?? []) hours.put(row.stream, row.hour, row.currency, `${row.value}`);
  if (oldHours) hours.drop('stream = ? AND hour < ?', oldHours.stream, oldHours.before);
  if (oldPeriods) sums.drop('kind = ? AND start < ?', oldPeriods.kind, oldPeriods.before);
}

const READING = 'stream = ? AND granularity = ? AND side = ? AND start = ?';

function writeReadings({ readings }: Tables, row: ReadingsRow, before: readonly ReadInterval[]): void {
  const { stream, granularity, intervals } = row;
  const side = row.side === 'current' ? 'newest' : 'oldest';
  const gone = new Map(before.map((interval) => [interval.start, interval]));
  for (const { start, end, asOf } of intervals) {
    const known = gone.get(start);
    gone.delete(start);
    if (known?.end !== end || known.asOf !== asOf) readings.put(stream, granularity, side, start, end, asOf);
  }
  for (const start of gone.keys()) readings.drop(READING, stream, granularity, side, start);
}

function writeFeed(tables: Tables, { reconciliation, ...row }: FeedRow): void {
  tables.feeds.putRow({
    account: row.account,
    feed: row.feed,
    ranges: JSON.stringify(row.read),
    last_success: row.lastSuccess ?? null,
    memo: row.state ?? null,
    observations: storedObservations(row.observations),
    reconciliation: reconciliation ? `${reconciliation.difference}` : null,
    against: reconciliation?.against ?? null,
    notes: JSON.stringify(row.notes),
  });
}

/** Lists that are replaced as a whole. */
function writeLists(tables: Tables, commit: Commit): void {
  for (const { stream, rows } of commit.omissions ?? []) {
    tables.silences.drop('stream = ?', stream);
    for (const { granularity, tier, range, since } of rows)
      tables.silences.put(stream, granularity, tier, range.start, range.end, since);
  }
  for (const { stream, days } of commit.compacted ?? []) {
    tables.compacted.drop('stream = ?', stream);
    for (const range of days) tables.compacted.put(stream, range.start, range.end);
  }
}
