import type { StreamRow } from '../ledger/records.ts';
import type { StreamSettings } from '../ledger/settings.ts';
import { keptFrom } from '../ledger/stream-amounts.ts';
import {
  bucketsIn,
  DAY,
  HOUR,
  type Instant,
  intersection,
  startOfDay,
  startOfMonth,
} from '../values/time.ts';
import type { Column, ColumnCache, ColumnSource } from './columns.ts';
import { type SeriesQuestion, TooManyRowsError } from './cost-series.ts';
import type { CostsAccount } from './labels.ts';
import { endOf } from './series-known.ts';
import { type PublishInput, settingsOf } from './windows.ts';

/** A stream that may have a part in the answer. */
export interface AskedStream {
  readonly account: CostsAccount;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
}

/** A column, and the index of the bucket that it starts in. */
export interface SeriesPart {
  readonly source: ColumnSource;
  readonly bucket: number;
}

export interface ReadPart extends SeriesPart {
  readonly column: Column;
}

export interface PartsInput {
  readonly ledger: PublishInput;
  readonly columns: ColumnCache;
  readonly question: Pick<SeriesQuestion, 'step' | 'measure'>;
  readonly buckets: readonly Instant[];
  readonly accounts: readonly CostsAccount[];
}

/** 60 MB: what one question may hold. */
const MAX_HELD = 5_000_000;
/** So few columns that a commit has changed meanwhile are read at once: commits must not keep a question from its end. */
const FEW = 2;

/**
 * Reads what the answer is made of, one column per turn, and again what a commit has changed, until in one turn nothing is missing.
 * The caller takes all else that it needs of the ledger in that turn.
 */
export function* readParts(input: PartsInput): Generator<void, ReadPart[]> {
  const reader = input.columns.hold();
  try {
    for (;;) {
      const parts = partsOf(input);
      const missing = parts.filter(({ source }) => !reader.get(source));
      for (const { source } of missing) {
        if (missing.length > FEW) yield;
        reader.read(source);
        if (reader.entries() > MAX_HELD)
          throw new TooManyRowsError(
            'the range has too many amounts; choose a shorter one, or a longer step',
          );
      }
      if (missing.length <= FEW)
        return parts.map((part) => ({
          ...part,
          column: reader.get(part.source) ?? reader.read(part.source),
        }));
    }
  } finally {
    reader.release();
  }
}

export function askedStreams(ledger: PublishInput, accounts: readonly CostsAccount[]): AskedStream[] {
  return accounts.flatMap((account) =>
    account.streams.flatMap((name) => {
      const stream = ledger.state.streamOf(account.id, name);
      const settings = stream && settingsOf(ledger, stream.id);
      return stream && settings ? [{ account, stream, settings }] : [];
    }),
  );
}

/** Costs come from the totals of days and months as far as these are kept, everything else from the days of each stream. */
function partsOf(input: PartsInput): SeriesPart[] {
  const { ledger, question, buckets } = input;
  const { step, measure } = question;
  if (measure !== 'cost' || step === 'hour') return dayParts(input, Number.POSITIVE_INFINITY);
  if (step === 'month') return buckets.map((start, bucket) => ({ source: { kind: 'month', start }, bucket }));
  // In a ledger of an earlier version, the first stream to close a day dropped the totals of all.
  const totalsFrom = Math.max(...[...ledger.state.streams.values()].map(({ closedBefore }) => closedBefore));
  const kept = buckets.flatMap((start, bucket): SeriesPart[] =>
    start < totalsFrom ? [] : [{ source: { kind: 'day', start }, bucket }],
  );
  return [...dayParts(input, totalsFrom), ...kept];
}

/** The days before `end` of which the amounts are kept, as cells or in the archive. */
function dayParts({ ledger, question, buckets, accounts }: PartsInput, end: Instant): SeriesPart[] {
  const { step } = question;
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined) return [];
  const asked = { start: startOfDay(first), end: Math.min(end, endOf(step, last)) };
  const bucketOf = indexer(step, buckets);
  return askedStreams(ledger, accounts).flatMap(({ stream, settings }) => {
    const span = ledger.state.span(stream.id);
    const kept = { start: keptFrom(stream), end: Number.POSITIVE_INFINITY };
    const read = span && intersection(span, kept);
    const days = read && intersection(asked, { start: startOfDay(read.start), end: read.end });
    return bucketsIn(DAY, days ?? { start: 0, end: 0 }).map((start) => {
      return { source: { stream, settings, start }, bucket: bucketOf(start) };
    });
  });
}

/** The index of the bucket that holds a day's start; negative for a day that starts before the first hour. */
function indexer(step: SeriesQuestion['step'], buckets: readonly Instant[]): (day: Instant) => number {
  const first = buckets[0] ?? 0;
  if (step === 'hour') return (day) => (day - first) / HOUR;
  if (step === 'day') return (day) => (day - first) / DAY;
  const months = new Map(buckets.map((start, index) => [start, index]));
  return (day) => months.get(startOfMonth(day)) ?? -1;
}
