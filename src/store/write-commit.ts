import type { DatabaseSync } from 'node:sqlite';
import type { ReadInterval } from '../core/ledger/readings.ts';
import type { AccountRow, Commit, FeedRow, ReadingsRow, SeriesRow } from '../core/ledger/records.ts';
import { storedObservations } from './rows.ts';
import { SealedTable } from './sealed-table.ts';
import type { Seals } from './seals.ts';
import type { TableName } from './tables.ts';

export type Tables = ReturnType<typeof prepareTables>;

export function prepareTables(database: DatabaseSync, seals: Seals) {
  const table = (name: TableName) => new SealedTable(database, seals, name);
  const cells = table('cells');
  const readings = table('readings');
  const sums = table('sums');
  const hours = table('hours');
  const silences = table('silences');
  const compacted = table('compacted');
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
  for (const row of commit.streams ?? [])
    tables.streams.put(row.id, row.account, row.name, row.closedBefore, row.closedIn);
  for (const row of commit.resources ?? [])
    tables.resources.put(row.account, row.resource, row.model, row.tier, JSON.stringify(row.facts));
  for (const row of commit.series ?? []) writeSeries(tables, row);
  for (const { stream, digest } of commit.overflowed ?? []) tables.folded.put(stream, digest);
  writeCells(tables, commit);
  for (const row of commit.readings ?? []) writeReadings(tables, row, stored(row));
  writeTotals(tables, commit);
  for (const row of commit.feeds ?? []) writeFeed(tables, row);
  for (const row of commit.requests ?? []) tables.requests.put(row.account, row.state);
  writeLists(tables, commit);
}

function writeAccount(tables: Tables, row: AccountRow): void {
  tables.accounts.putRow({
    id: row.id,
    provider: row.provider,
    name: row.name,
    baseline: row.baseline ?? null,
    folded: row.overflowCount,
    opened_at: row.openedAt,
    zero_shown: row.zeroShown ? 1 : 0,
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

function writeCells(tables: Tables, commit: Commit): void {
  for (const { stream, granularity, range } of commit.dropped ?? [])
    tables.dropCells(stream, granularity, range.start, range.end);
  for (const { stream, granularity, bucket, series, value, baseline } of commit.cells ?? []) {
    if (value === 0n && baseline === 0n) tables.dropCell(stream, granularity, bucket, series);
    else tables.cells.put(stream, granularity, bucket, series, `${value}`, `${baseline}`);
  }
}

function writeTotals(tables: Tables, commit: Commit): void {
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
  const maxTail = Math.min(intervals.length, before.length) - head;
  while (tail < maxTail && isSameInterval(intervals.at(-1 - tail), before.at(-1 - tail))) tail += 1;
  for (const interval of before.slice(head, before.length - tail))
    tables.dropReading(stream, granularity, side, interval.start);
  for (const interval of intervals.slice(head, intervals.length - tail)) {
    tables.readings.put(stream, granularity, side, interval.start, interval.end, interval.asOf);
  }
}

function isSameInterval(a: ReadInterval | undefined, b: ReadInterval | undefined): boolean {
  return a?.start === b?.start && a?.end === b?.end && a?.asOf === b?.asOf;
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
    tables.dropSilences(stream);
    for (const { granularity, tier, range, since } of rows)
      tables.silences.put(stream, granularity, tier, range.start, range.end, since);
  }
  for (const { stream, days } of commit.compacted ?? []) {
    tables.dropCompacted(stream);
    for (const range of days) tables.compacted.put(stream, range.start, range.end);
  }
}
