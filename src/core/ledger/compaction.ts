import type { Fixed } from '../values/money.ts';
import { gapsIn, joinedRanges } from '../values/ranges.ts';
import { DAY, floorTo, type Granularity, type Instant, type Range, startOfMonth } from '../values/time.ts';
import { type BucketView, resolveRange } from './composition.ts';
import { firstHour, hasHourlyTotals } from './hourly-totals.ts';
import {
  asOfAt,
  earliestWins,
  latestWins,
  overlay,
  type ReadInterval,
  readingsOutside,
  readingsWithin,
} from './readings.ts';
import type { CellRow, Commit, ReadingsRow, Store, StreamRow } from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';

export interface MaintainInput {
  readonly store: Store;
  readonly book: LedgerState;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
  readonly now: Instant;
}

/** A day whose buckets were all read, though not all of them late enough to be final, is compacted this long after it settled. */
const PATIENCE_MS = 7 * DAY;

/**
 * Keeps the ledger bounded: settled days become one cell a series, and what is closed rolls up into the series' totals.
 * Sums and counters stay as they are. Lazily one commit a day, so that each is short.
 */
export function* maintain(input: MaintainInput): Generator<Commit> {
  const { book, stream, settings, now } = input;
  if (hasHourlyTotals(settings))
    yield { droppedHourlyTotals: { stream: stream.id, before: firstHour(now, settings) } };
  const finest = settings.granularities[0];
  if (finest !== 'day') {
    for (const day of compactable(input)) yield compacted(input, day);
  }
  const month = startOfMonth(now);
  const closedBefore = Math.min(startOfMonth(now, -1), floorTo(DAY, now - settings.reachMs));
  if (month > stream.closedIn && closedBefore > stream.closedBefore) {
    yield closed(input, present(book.streams.get(stream.id)), closedBefore);
  }
}

/** A stream begins with everything open that its first read may reach. */
export function firstClosing(
  settings: AccountSettings,
  stream: StreamSettings,
  now: Instant,
): Pick<StreamRow, 'closedBefore' | 'closedIn'> {
  const lastMonth = startOfMonth(now, -1);
  const closedBefore = Math.min(lastMonth, settings.since ?? lastMonth, floorTo(DAY, now - stream.reachMs));
  return { closedBefore, closedIn: startOfMonth(now) };
}

function present(row: StreamRow | undefined): StreamRow {
  if (!row) throw new Error('the stream is gone');
  return row;
}

/** Whole days that no feed reads again at a finer granularity. */
function compactable({ book, stream, settings, now }: MaintainInput): Range[] {
  const last = floorTo(DAY, now - settings.settleMs - DAY);
  const covered = book.covered(stream.id);
  const first = Math.max(floorTo(DAY, covered[0]?.start ?? last), stream.closedBefore);
  const done = book.compacted(stream.id);
  const days: Range[] = [];
  for (const gap of gapsIn(done, { start: Math.min(first, last), end: last })) {
    for (let start = gap.start; start < gap.end; start += DAY) {
      const day = { start, end: start + DAY };
      if (gapsIn(covered, day).length === 0 && isFinal(book, stream.id, settings, day, now)) days.push(day);
    }
  }
  return days;
}

function isFinal(
  book: LedgerState,
  stream: number,
  settings: StreamSettings,
  day: Range,
  now: Instant,
): boolean {
  if (settings.granularities.length > 1) {
    const asOf = asOfAt(book.readings(stream, 'day', 'current'), day.start);
    return asOf !== undefined && asOf > day.end + settings.settleMs;
  }
  if (now >= day.end + settings.settleMs + PATIENCE_MS) return true;
  const finest = settings.granularities[0];
  return readingsWithin(book.readings(stream, finest, 'current'), day).every(
    (run) => run.asOf >= run.end + settings.settleMs,
  );
}

/** Makes one cell a series of a day. */
function compacted(input: MaintainInput, day: Range): Commit {
  const { book, store, stream, settings } = input;
  const many = settings.granularities.length > 1;
  const { value, baseline } = many ? composedDay(input, day.start) : summedDay(input, day);
  const cells: CellRow[] = [];
  for (const series of new Set([...value.keys(), ...baseline.keys()])) {
    const amounts = { value: value.get(series) ?? 0n, baseline: baseline.get(series) ?? 0n };
    cells.push({ stream: stream.id, granularity: 'day', bucket: day.start, series, ...amounts });
  }
  const stale = many ? store.cells(stream.id, 'day', day) : new Map();
  for (const series of stale.get(day.start)?.keys() ?? []) {
    if (value.has(series) || baseline.has(series)) continue;
    cells.push({ stream: stream.id, granularity: 'day', bucket: day.start, series, value: 0n, baseline: 0n });
  }
  const finer = settings.granularities.filter((granularity) => granularity !== 'day');
  return {
    cells,
    dropped: finer.map((granularity) => ({ stream: stream.id, granularity, range: day })),
    readings: many
      ? droppedReadings(input, finer, day)
      : mergedReadings(book, stream.id, settings.granularities[0], day),
    compacted: [{ stream: stream.id, days: joinedRanges([...book.compacted(stream.id), day]) }],
  };
}

function summedDay({ store, stream, settings }: MaintainInput, day: Range) {
  const value = new Map<number, Fixed>();
  const baseline = new Map<number, Fixed>();
  for (const cells of store.cells(stream.id, settings.granularities[0], day).values()) {
    for (const [series, cell] of cells) {
      value.set(series, (value.get(series) ?? 0n) + cell.value);
      baseline.set(series, (baseline.get(series) ?? 0n) + cell.baseline);
    }
  }
  return { value, baseline };
}

/**
 * The days that may hold cells: all that was read and is not rolled up. A reading counts even if it is older than its bucket and so
 * says nothing of what was spent: what it listed is in the counters.
 */
export function heldDays(
  book: Pick<LedgerState, 'span'>,
  { id, closedBefore }: StreamRow,
  before = Number.POSITIVE_INFINITY,
): Instant[] {
  const span = book.span(id);
  if (!span) return [];
  const first = floorTo(DAY, Math.max(span.start, closedBefore));
  const count = Math.ceil((Math.min(span.end, before) - first) / DAY);
  return Array.from({ length: Math.max(0, count) }, (_, index) => first + index * DAY);
}

/** Both sides of a day of a stream that has several granularities, as they are composed. */
export function composedDay(
  {
    store,
    book,
    stream,
    settings,
  }: Pick<MaintainInput, 'book' | 'stream' | 'settings'> & { readonly store: Pick<Store, 'cells'> },
  day: Instant,
) {
  const baseline = book.accounts.get(stream.account)?.baseline;
  const range = { start: day, end: day + DAY };
  const known = new Map(
    settings.granularities.map((granularity) => [granularity, store.cells(stream.id, granularity, range)]),
  );
  const view = (field: 'value' | 'baseline', side: 'current' | 'baseline'): BucketView => ({
    granularities: settings.granularities,
    settleMs: settings.settleMs,
    runs: (granularity) => book.readings(stream.id, granularity, side),
    amounts: (granularity, bucket) => {
      const cells = known.get(granularity)?.get(bucket);
      return (
        cells && new Map([...cells].flatMap(([id, cell]) => (cell[field] === 0n ? [] : [[id, cell[field]]])))
      );
    },
    ...(side === 'baseline' && baseline !== undefined ? { baseline } : {}),
  });
  return {
    value: resolveRange(view('value', 'current'), range),
    baseline: resolveRange(view('baseline', 'baseline'), range),
  };
}

/** The day's finer runs go; what they said of the baseline stays as a reading of the day. */
function droppedReadings(
  { book, stream }: MaintainInput,
  finer: readonly Granularity[],
  day: Range,
): ReadingsRow[] {
  const rows: ReadingsRow[] = [];
  const first: ReadInterval[] = [];
  for (const granularity of finer) {
    for (const side of ['current', 'baseline'] as const) {
      const runs = book.readings(stream.id, granularity, side);
      if (side === 'baseline') first.push(...readingsWithin(runs, day));
      rows.push({ stream: stream.id, granularity, side, runs: readingsOutside(runs, day) });
    }
  }
  const asOf = Math.min(...first.map((run) => run.asOf));
  const oldest = book.readings(stream.id, 'day', 'baseline');
  if (first.length > 0 && asOfAt(oldest, day.start) === undefined) {
    rows.push({
      stream: stream.id,
      granularity: 'day',
      side: 'baseline',
      runs: overlay(oldest, { ...day, asOf }, earliestWins).runs,
    });
  }
  return rows;
}

/** One run for the day, so that only a reading newer (or, for the baseline, older) than all of it replaces it. */
function mergedReadings(
  book: LedgerState,
  stream: number,
  granularity: Granularity,
  day: Range,
): ReadingsRow[] {
  return (['current', 'baseline'] as const).flatMap((side) => {
    const runs = book.readings(stream, granularity, side);
    const within = readingsWithin(runs, day).map((run) => run.asOf);
    if (within.length === 0) return [];
    const asOf = side === 'current' ? Math.max(...within) : Math.min(...within);
    const wins = side === 'current' ? latestWins : earliestWins;
    return [
      { stream, granularity, side, runs: overlay(readingsOutside(runs, day), { ...day, asOf }, wins).runs },
    ];
  });
}

/** Rolls everything before `closedBefore` up into its series and lets go of the cells. */
function closed(input: MaintainInput, stream: StreamRow, closedBefore: Instant): Commit {
  const { store, book, settings, now } = input;
  const range = { start: 0, end: closedBefore };
  const rolled = new Map<number, Fixed>();
  const add = (series: number, net: Fixed) => {
    const target = book.series.get(series)?.target ?? series;
    rolled.set(target, (rolled.get(target) ?? 0n) + net);
  };
  if (settings.granularities.length > 1) {
    for (const day of heldDays(book, stream, closedBefore)) {
      const { value, baseline } = composedDay(input, day);
      for (const [series, amount] of value) add(series, amount);
      for (const [series, amount] of baseline) add(series, -amount);
    }
  } else {
    for (const granularity of new Set<Granularity>([...settings.granularities, 'day'])) {
      for (const cells of store.cells(stream.id, granularity, range).values()) {
        for (const [series, cell] of cells) add(series, cell.value - cell.baseline);
      }
    }
  }
  const all = new Set<Granularity>([...settings.granularities, 'day']);
  return {
    streams: [{ ...stream, closedBefore, closedIn: startOfMonth(now) }],
    series: [...rolled].flatMap(([id, net]) => {
      const row = book.series.get(id);
      return row && net !== 0n ? [{ ...row, rolled: row.rolled + net }] : [];
    }),
    dropped: [...all].map((granularity) => ({ stream: stream.id, granularity, range })),
    readings: [...all].flatMap((granularity) =>
      (['current', 'baseline'] as const).map((side) => {
        const runs = book.readings(stream.id, granularity, side);
        const kept = side === 'current' ? coalesced(runs, closedBefore) : readingsOutside(runs, range);
        return { stream: stream.id, granularity, side, runs: kept };
      }),
    ),
    compacted: [
      { stream: stream.id, days: book.compacted(stream.id).filter((days) => days.end > closedBefore) },
    ],
    droppedPeriodTotals: { kind: 'day', before: closedBefore },
  };
}

/** Keeps how far back was read, without the detail of when. */
function coalesced(runs: readonly ReadInterval[], before: Instant): ReadInterval[] {
  const old = readingsWithin(runs, { start: 0, end: before });
  const asOf = Math.max(...old.map((run) => run.asOf));
  return [
    ...joinedRanges(old).map((range) => ({ ...range, asOf })),
    ...readingsOutside(runs, { start: 0, end: before }),
  ];
}
