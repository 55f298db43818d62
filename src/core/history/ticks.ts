import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { bucketsIn, ceilTo, type Instant, type Range } from '../values/time.ts';
import type { NotedBucket, TwinNotes } from './notes.ts';
import { type FamilyKind, type HistorySample, type ToldSeries, ToldSeriesSet } from './told-series.ts';
import { bucketsOf, LOOKBACK_MS, type Slice, slicesOf, type ToldStream } from './told-stream.ts';

/** The samples of one instant, ordered by labels. */
export interface HistoryTick {
  readonly at: Instant;
  readonly samples: readonly HistorySample[];
}

/**
 * The samples of one family of a stream, oldest first; undefined is a pause. Each series begins with 0 at the start of its first bucket,
 * rises at the end of each, and is repeated often enough not to go stale. In memory are a day's cells at most, and one state per series.
 */
export function* ticksOf(
  told: ToldStream,
  kind: FamilyKind,
  notes: TwinNotes,
): Generator<HistoryTick | undefined, void> {
  const set = new ToldSeriesSet(kind, told.account);
  const due: DueAmounts = new Map();
  const begun: ToldSeries[] = [];
  for (const slice of slicesOf(told)) {
    const noted = kind.isCorrections ? notes.take(slice.start) : undefined;
    if (noted) for (const bucket of noted) addDue(due, bucket, set.of(bucket.row), -bucket.amount);
    else yield* readSlice({ told, kind, notes, set, due }, slice);
    const isLast = slice.end === told.range.end;
    for (const at of instantsIn(slice, due, isLast)) {
      const moved = move(due, at, begun);
      const isRepeated = at % LOOKBACK_MS === 0 || at === told.range.end;
      const samples = (isRepeated ? begun : moved).map(({ sample }) => sample);
      if (samples.length > 0) yield { at, samples };
    }
  }
}

interface SliceReader {
  readonly told: ToldStream;
  readonly kind: FamilyKind;
  readonly notes: TwinNotes;
  readonly set: ToldSeriesSet;
  readonly due: DueAmounts;
}

function* readSlice({ told, kind, notes, set, due }: SliceReader, slice: Slice): Generator<undefined, void> {
  const noted: NotedBucket[] = [];
  for (const bucket of bucketsOf(told, slice)) {
    if (!bucket) {
      yield undefined;
      continue;
    }
    const { start, end } = bucket;
    for (const [series, amount] of set.amountsOf(bucket)) {
      addDue(due, bucket, series, kind.isCorrections ? -amount : amount);
      if (!series.hasBegun || amount < 0n) noted.push({ start, end, row: series.row, amount });
    }
  }
  if (!kind.isCorrections) notes.keep(slice.start, noted);
}

/** What series rise by, by when; 0 where one begins. */
type DueAmounts = Map<Instant, Map<ToldSeries, Fixed>>;

function addDue(due: DueAmounts, { start, end }: Range, series: ToldSeries, amount: Fixed): void {
  if (!series.hasBegun)
    addTo(
      getOrCreate(due, start, () => new Map()),
      series,
      0n,
    );
  addTo(
    getOrCreate(due, end, () => new Map()),
    series,
    amount > 0n ? amount : 0n,
  );
}

/** The instants of a slice at which anything may be told. Its end belongs to the next one. */
function instantsIn({ start, end }: Range, due: DueAmounts, isLast: boolean): Instant[] {
  const regular = bucketsIn(LOOKBACK_MS, { start: ceilTo(LOOKBACK_MS, start), end });
  const others = [...due.keys()].filter((at) => at < end);
  return [...new Set([...regular, ...others, ...(isLast ? [end] : [])])].sort((a, b) => a - b);
}

/** Begins and raises what is due. Returns what moved, in order. */
function move(due: DueAmounts, at: Instant, begun: ToldSeries[]): ToldSeries[] {
  const moved: ToldSeries[] = [];
  for (const [told, amount] of due.get(at) ?? []) {
    if (told.hasBegun && amount === 0n) continue;
    if (!told.hasBegun) insert(begun, told);
    told.hasBegun = true;
    if (amount !== 0n) told.sample = { series: told.series, value: told.sample.value + amount };
    insert(moved, told);
  }
  due.delete(at);
  return moved;
}

/** Inserts by key. */
function insert(ordered: ToldSeries[], told: ToldSeries): void {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ordered[middle]?.key ?? '') < told.key) low = middle + 1;
    else high = middle;
  }
  ordered.splice(low, 0, told);
}
