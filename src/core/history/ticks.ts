import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { bucketsIn, ceilTo, type Instant, type Range } from '../values/time.ts';
import type { CorrectionBucket, CorrectionCache } from './correction-cache.ts';
import { type FamilyKind, type HistorySample, type SeriesState, SeriesStates } from './history-series.ts';
import { bucketsOf, LOOKBACK_MS, type Slice, type StreamHistory, slicesOf } from './stream-history.ts';

/** The samples of one instant, ordered by labels. */
export interface HistoryTick {
  readonly at: Instant;
  readonly samples: readonly HistorySample[];
}

/**
 * The samples of one family of a stream, oldest first; undefined is a pause. Each series begins with 0 at the start of its first bucket,
 * rises at the end of each bucket, and has a sample every {@link LOOKBACK_MS}. It keeps at most a day's cells and one state per series.
 */
export function* ticksOf(
  stream: StreamHistory,
  kind: FamilyKind,
  cache: CorrectionCache,
): Generator<HistoryTick | undefined, void> {
  const set = new SeriesStates(kind, stream.account);
  const due: DueAmounts = new Map();
  const begun: SeriesState[] = [];
  for (const slice of slicesOf(stream)) {
    const cached = kind.isCorrections ? cache.take(slice.start) : undefined;
    if (cached) for (const bucket of cached) addDue(due, bucket, set.of(bucket.row), -bucket.amount);
    else yield* readSlice({ stream, kind, cache, set, due }, slice);
    const isLast = slice.end === stream.range.end;
    for (const at of instantsIn(slice, due, isLast)) {
      const moved = move(due, at, begun);
      const isRepeated = at % LOOKBACK_MS === 0 || at === stream.range.end;
      const samples = (isRepeated ? begun : moved).map(({ sample }) => sample);
      if (samples.length > 0) yield { at, samples };
    }
  }
}

interface SliceReader {
  readonly stream: StreamHistory;
  readonly kind: FamilyKind;
  readonly cache: CorrectionCache;
  readonly set: SeriesStates;
  readonly due: DueAmounts;
}

function* readSlice(
  { stream, kind, cache, set, due }: SliceReader,
  slice: Slice,
): Generator<undefined, void> {
  const buckets: CorrectionBucket[] = [];
  for (const bucket of bucketsOf(stream, slice)) {
    if (!bucket) {
      yield undefined;
      continue;
    }
    const { start, end } = bucket;
    for (const [series, amount] of set.amountsOf(bucket)) {
      addDue(due, bucket, series, kind.isCorrections ? -amount : amount);
      if (!series.hasBegun || amount < 0n) buckets.push({ start, end, row: series.row, amount });
    }
  }
  if (!kind.isCorrections) cache.keep(slice.start, buckets);
}

/** By instant, how much each series rises; 0 where it begins. */
type DueAmounts = Map<Instant, Map<SeriesState, Fixed>>;

function addDue(due: DueAmounts, { start, end }: Range, series: SeriesState, amount: Fixed): void {
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

/** The instants of a slice that may have samples. Its end belongs to the next slice. */
function instantsIn({ start, end }: Range, due: DueAmounts, isLast: boolean): Instant[] {
  const regular = bucketsIn(LOOKBACK_MS, { start: ceilTo(LOOKBACK_MS, start), end });
  const others = [...due.keys()].filter((at) => at < end);
  return [...new Set([...regular, ...others, ...(isLast ? [end] : [])])].sort((a, b) => a - b);
}

/** Begins and raises the series that are due. Returns them, sorted. */
function move(due: DueAmounts, at: Instant, begun: SeriesState[]): SeriesState[] {
  const moved: SeriesState[] = [];
  for (const [state, amount] of due.get(at) ?? []) {
    if (state.hasBegun && amount === 0n) continue;
    if (!state.hasBegun) insert(begun, state);
    state.hasBegun = true;
    if (amount !== 0n) state.sample = { series: state.series, value: state.sample.value + amount };
    insert(moved, state);
  }
  due.delete(at);
  return moved;
}

/** Inserts in the order of keys. */
function insert(ordered: SeriesState[], state: SeriesState): void {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ordered[middle]?.key ?? '') < state.key) low = middle + 1;
    else high = middle;
  }
  ordered.splice(low, 0, state);
}
