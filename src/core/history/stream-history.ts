import type { AccountRow } from '../ledger/records.ts';
import type { StreamSettings } from '../ledger/settings.ts';
import {
  type CellBucket,
  type CellSource,
  composedBuckets,
  partsOf,
  plainBuckets,
} from '../ledger/shown-cells.ts';
import type { LedgerState } from '../ledger/state.ts';
import { isComposed, storedGranularities } from '../ledger/stream-amounts.ts';
import {
  bucketsIn,
  ceilTo,
  DAY,
  floorTo,
  type Granularity,
  HOUR,
  type Instant,
  intersection,
  MINUTE,
  type Range,
} from '../values/time.ts';
import type { StreamBaseline } from './baselines.ts';

/** A stream whose history is written, and where its amounts come from. */
export interface StreamHistory {
  readonly account: Pick<AccountRow, 'provider' | 'name'>;
  readonly settings: StreamSettings;
  /** From the first day to where the exporter's counters begin, or to the end that was asked for. */
  readonly range: Range;
  /** What the provider bills now; undefined if nothing was read. */
  readonly current: CellSource | undefined;
  /** What the exporter's counters do not contain; undefined if they have not begun. */
  readonly baseline: StreamBaseline | undefined;
}

/** The amounts of a bucket, and the series that their ids refer to. */
export interface HistoryBucket extends CellBucket {
  readonly rows: LedgerState['series'];
}

/** A stretch of time, and the cells that must be read for it. */
export interface Slice extends Range {
  readonly loads: readonly Load[];
}

/** Cells of one granularity, or of all granularities of a composed stream. */
interface Load {
  readonly granularity: Granularity | 'composed';
  readonly part: Range;
}

/** The days of a stream, or its hours if it has minutes. Cells of a day are read with its first hour. */
export function* slicesOf({ range, settings }: StreamHistory): Generator<Slice> {
  const whole = isComposed(settings)
    ? (['composed'] as const)
    : storedGranularities(settings).filter((each) => each !== 'minute');
  const hasMinutes = !isComposed(settings) && settings.granularities.includes('minute');
  for (const start of bucketsIn(DAY, range)) {
    const day = { start, end: start + DAY };
    for (const part of hasMinutes ? partsOf('minute', day) : [day]) {
      if (part.start >= range.end) return;
      yield {
        start: part.start,
        end: Math.min(part.end, range.end),
        loads: [
          ...(part.start === start ? whole.map((granularity) => ({ granularity, part: day })) : []),
          ...(hasMinutes ? [{ granularity: 'minute', part } as const] : []),
        ],
      };
    }
  }
}

/**
 * The buckets of a slice: the baseline of those that it covers, and for others that ended before the counters began what the provider
 * bills now. Later buckets are in the counters, except for what the first reading already contained: that is written where they begin.
 */
export function* bucketsOf(stream: StreamHistory, slice: Slice): Generator<HistoryBucket | undefined, void> {
  const { current, baseline, settings, range } = stream;
  const isLast = slice.end === range.end && baseline?.at === range.end;
  for (const load of slice.loads) {
    const covered = baseline?.covered ?? [];
    if (current && !covered.some(({ start, end }) => start <= load.part.start && load.part.end <= end)) {
      yield undefined;
      for (const bucket of readBuckets(current, load))
        if (bucket.end <= range.end && !covered.some((each) => intersection(each, bucket)))
          yield { ...bucket, rows: current.state.series };
    }
    if (!baseline) continue;
    const last = isLast ? Math.max(load.part.end, covered.at(-1)?.end ?? 0) : load.part.end;
    const part = { start: load.part.start, end: ceilTo(load.granularity === 'minute' ? HOUR : DAY, last) };
    if (!covered.some((each) => intersection(each, part))) continue;
    yield undefined;
    const source: CellSource = { ...baseline, settings, side: 'baseline' };
    for (const bucket of readBuckets(source, { ...load, part }))
      yield { ...bucket, ...clamped(bucket, range.end), rows: baseline.state.series };
  }
}

function* readBuckets(source: CellSource, { granularity, part }: Load): Generator<CellBucket, void> {
  if (granularity !== 'composed') yield* plainBuckets(source, granularity, part);
  else for (const start of bucketsIn(DAY, part)) yield* composedBuckets(source, { start, end: start + DAY });
}

/** How long Prometheus looks back for a sample. */
export const LOOKBACK_MS = 5 * MINUTE;

/** The same bucket, moved so that it begins before `end` and ends by then. */
function clamped({ start, end: ended }: Range, end: Instant): Range {
  return { start: start < end ? start : floorTo(LOOKBACK_MS, end - 1), end: Math.min(ended, end) };
}
