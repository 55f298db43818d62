import type { Statement } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import { type Granularity, type Instant, intersection, MINUTE, type Range } from '../values/time.ts';
import type { StreamState } from './cell.ts';
import type { PendingOmission, StreamRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** The same nothing must be answered again after this long before it is believed. */
const CONFIRM_AFTER_MS = 15 * MINUTE;

export interface Omission {
  readonly stream: number;
  readonly granularity: Granularity;
  readonly range: Range;
  readonly asOf: Instant;
  /** Tiers that the answer left out or gave as null. */
  readonly tiers: readonly string[];
}

/**
 * Decides which silences to believe: a tier that is absent where money stood is zero only when the same answer came
 * twice, at least 15 minutes apart.
 *
 * @param stood says whether money stood for the tier in the statement's range.
 * @returns the tiers whose old values stay, and the stream's open silences from now on.
 */
function confirmOmissions(
  known: readonly PendingOmission[],
  silent: Omission,
  stood: (tier: string) => boolean,
): { held: ReadonlySet<string>; open: readonly PendingOmission[] } {
  const held = new Set<string>();
  const open = known.filter((row) => !concerns(row, silent));
  for (const row of known.filter((row) => concerns(row, silent))) {
    if (!silent.tiers.includes(row.tier)) continue;
    if (silent.asOf - row.since >= CONFIRM_AFTER_MS) continue;
    held.add(row.tier);
    open.push({ ...row, range: union(row.range, silent.range) });
  }
  for (const tier of silent.tiers) {
    const asked = known.some((row) => row.tier === tier && concerns(row, silent));
    if (asked || !stood(tier)) continue;
    held.add(tier);
    open.push({
      stream: silent.stream,
      granularity: silent.granularity,
      tier,
      range: silent.range,
      since: silent.asOf,
    });
  }
  return { held, open };
}

function concerns(row: PendingOmission, silent: Omission): boolean {
  return row.granularity === silent.granularity && intersection(row.range, silent.range) !== undefined;
}

function union(a: Range, b: Range): Range {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

export interface OmissionsInput {
  readonly book: LedgerState;
  readonly stream: StreamRow;
  readonly statement: Statement;
}

/** Judges silent tiers, and puts the old amounts of those that are not believed yet back into the statement. */
export function updateOmissions(
  input: OmissionsInput,
  stand: StreamState,
  range: Range,
  amounts: Map<Instant, Map<number, Fixed>>,
) {
  const { book, stream, statement } = input;
  const known = book.omissions(stream.id);
  if (statement.silentTiers.length === 0 && known.length === 0)
    return { held: new Set<string>(), open: known };
  const standing = statement.silentTiers.length > 0 ? cellsByTier(input, stand, range) : new Map();
  const silent = {
    stream: stream.id,
    granularity: statement.granularity,
    range: statement.range,
    asOf: statement.asOf,
    tiers: statement.silentTiers,
  };
  const verdict = confirmOmissions(
    known,
    silent,
    (tier) => standing.get(tier)?.some((cell: StoredAmount) => cell.isMoney) ?? false,
  );
  for (const tier of verdict.held) {
    for (const { bucket, series, value } of standing.get(tier) ?? []) {
      const cells = amounts.get(bucket) ?? new Map<number, Fixed>();
      if (!cells.has(series)) amounts.set(bucket, cells.set(series, value));
    }
  }
  return verdict;
}

export interface StoredAmount {
  readonly bucket: Instant;
  readonly series: number;
  readonly value: Fixed;
  readonly isMoney: boolean;
}

function cellsByTier(
  { book, statement }: OmissionsInput,
  stand: StreamState,
  range: Range,
): Map<string, StoredAmount[]> {
  const standing: (StoredAmount & { tier: string })[] = [];
  // Where a stream has several granularities, the cells of a day are another reading of the same money.
  const compacted = stand.granularities.length > 1 ? [] : (['day'] as const);
  for (const granularity of new Set([statement.granularity, ...compacted])) {
    for (const [bucket, cells] of stand.cells(granularity, range)) {
      for (const [series, { value }] of cells) {
        const row = book.series.get(series);
        if (value === 0n || !row) continue;
        standing.push({ bucket, series, value, tier: row.tier, isMoney: row.measure === 'cost' });
      }
    }
  }
  return Map.groupBy(standing, (cell) => cell.tier);
}
