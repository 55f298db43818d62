import type { Book } from './state.ts';
import type { Stand } from './cell.ts';
import type { Fixed } from '../values/money.ts';
import { judge } from './omissions.ts';
import type { Statement } from '../statement/statement.ts';
import type { StreamRow } from './records.ts';
import type { Instant, Range } from '../values/time.ts';

export interface StandingInput {
  readonly book: Book;
  readonly stream: StreamRow;
  readonly statement: Statement;
}

/** Judges silent tiers, and puts the old amounts of those that are not believed yet back into the statement. */
export function silencesOf(
  input: StandingInput,
  stand: Stand,
  range: Range,
  amounts: Map<Instant, Map<number, Fixed>>,
) {
  const { book, stream, statement } = input;
  const known = book.silences(stream.id);
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
  const verdict = judge(
    known,
    silent,
    (tier) => standing.get(tier)?.some((cell: Standing) => cell.isMoney) ?? false,
  );
  for (const tier of verdict.held) {
    for (const { bucket, series, value } of standing.get(tier) ?? []) {
      const cells = amounts.get(bucket) ?? new Map<number, Fixed>();
      if (!cells.has(series)) amounts.set(bucket, cells.set(series, value));
    }
  }
  return verdict;
}

interface Standing {
  readonly bucket: Instant;
  readonly series: number;
  readonly value: Fixed;
  readonly isMoney: boolean;
}

function cellsByTier(
  { book, statement }: StandingInput,
  stand: Stand,
  range: Range,
): Map<string, Standing[]> {
  const standing: (Standing & { tier: string })[] = [];
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
