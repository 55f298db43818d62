import { boundOf, PackedAmounts } from '../ledger/packed-amounts.ts';
import type { ReadIntervals } from '../ledger/readings.ts';
import type { Commit, PeriodKind, Store, StreamRow } from '../ledger/records.ts';
import type { StreamSettings } from '../ledger/settings.ts';
import type { LedgerState } from '../ledger/state.ts';
import { amountsOfDay } from '../ledger/stream-amounts.ts';
import { getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { DAY, HOUR, type Instant, type Range, startOfDay } from '../values/time.ts';

/** Amounts by series of a day or month, as they were when they were read. */
export interface Column extends Pick<PackedAmounts, 'ids' | 'amounts' | 'bound'> {
  /** The hour of the day of each, where the day is kept by the hour. */
  readonly hours?: Uint8Array | undefined;
}

/** The totals of all streams in a period, or what a UTC day of one stream came to. */
export type ColumnSource =
  | { readonly kind: PeriodKind; readonly start: Instant }
  | { readonly stream: StreamRow; readonly settings: StreamSettings; readonly start: Instant };

type Shelf = PeriodKind | StreamRow['id'];

function shelfOf(source: ColumnSource): Shelf {
  return 'kind' in source ? source.kind : source.stream.id;
}

/** Columns by what they are of, and when it starts. */
class Shelves {
  readonly #shelves = new Map<Shelf, Map<Instant, Column>>();
  /** Amounts in all columns. */
  entries = 0;

  get(source: ColumnSource): Column | undefined {
    return this.#shelves.get(shelfOf(source))?.get(source.start);
  }

  set(source: ColumnSource, column: Column): void {
    this.delete(shelfOf(source), source.start);
    getOrCreate(this.#shelves, shelfOf(source), () => new Map()).set(source.start, column);
    this.entries += column.ids.length;
  }

  delete(shelf: Shelf, start: Instant): void {
    const columns = this.#shelves.get(shelf);
    this.entries -= columns?.get(start)?.ids.length ?? 0;
    columns?.delete(start);
  }

  /** Deletes the days that the range touches. */
  deleteDays(shelf: Shelf, { start, end }: Range): void {
    for (const at of this.#shelves.get(shelf)?.keys() ?? [])
      if (at < end && at + DAY > start) this.delete(shelf, at);
  }

  clear(): void {
    this.#shelves.clear();
    this.entries = 0;
  }
}

/** At 12 bytes each. 90 days of 10,000 series, and as much again; beyond that, all are evicted. */
const MAX_ENTRIES = 2_000_000;

/** Amounts that were asked for, packed. Commits evict what they change, also of what a reader holds. */
export class ColumnCache {
  readonly #state: LedgerState;
  readonly #store: Pick<Store, 'peekCells' | 'archivedDay'>;
  readonly #cached = new Shelves();
  readonly #readers = new Set<Shelves>();

  constructor(state: LedgerState, store: Pick<Store, 'peekCells' | 'archivedDay'>) {
    this.#state = state;
    this.#store = store;
  }

  /** What a reader holds of the columns that it reads one by one; without those that a commit has changed since. */
  hold(): ColumnReader {
    const held = new Shelves();
    this.#readers.add(held);
    return {
      get: (source) => held.get(source),
      read: (source) => {
        const column = this.#cached.get(source) ?? this.#load(source);
        held.set(source, column);
        return column;
      },
      entries: () => held.entries,
      release: () => this.#readers.delete(held),
    };
  }

  /** To be called before the state applies the commit; what it returns afterwards. */
  follow(commit: Commit): () => void {
    const read = (commit.readings ?? []).flatMap(({ stream, granularity, side, intervals }) => {
      const changed =
        side === 'current' && changedRange(this.#state.readings(stream, granularity, side), intervals);
      return changed ? [{ stream, range: changed }] : [];
    });
    return () => {
      for (const shelves of [this.#cached, ...this.#readers]) {
        for (const { kind, start } of commit.periodTotals ?? []) shelves.delete(kind, start);
        for (const { stream, bucket } of commit.cells ?? []) shelves.delete(stream, startOfDay(bucket));
        for (const { stream, range } of [...read, ...(commit.dropped ?? [])])
          shelves.deleteDays(stream, range);
        if (commit.droppedPeriodTotals)
          shelves.deleteDays('day', { start: 0, end: commit.droppedPeriodTotals.before });
        if (commit.droppedArchive)
          shelves.deleteDays(commit.droppedArchive.stream, { start: 0, end: commit.droppedArchive.before });
      }
    };
  }

  clear(): void {
    for (const shelves of [this.#cached, ...this.#readers]) shelves.clear();
  }

  #load(source: ColumnSource): Column {
    const column = 'kind' in source ? this.#loadPeriod(source) : this.#loadDay(source);
    if (this.#cached.entries + column.ids.length > MAX_ENTRIES) this.#cached.clear();
    this.#cached.set(source, column);
    return column;
  }

  #loadPeriod({ kind, start }: Extract<ColumnSource, { kind: PeriodKind }>): Column {
    const totals = this.#state.peekPeriodTotals(kind, start);
    return totals instanceof PackedAmounts ? totals : packed(new Map([[start, totals]]), undefined);
  }

  #loadDay({ stream, settings, start }: Extract<ColumnSource, { stream: StreamRow }>): Column {
    const state = this.#state;
    // It may have been closed, or dropped from the archive, since the source was named.
    const { closedBefore, archivedFrom = closedBefore } = state.streams.get(stream.id) ?? stream;
    if (start < closedBefore)
      return start < archivedFrom ? packed(new Map(), undefined) : this.#store.archivedDay(stream.id, start);
    const store = { cells: this.#store.peekCells };
    const { isByHour, buckets } = amountsOfDay(
      { store, state, stream, settings },
      { start, end: start + DAY },
    );
    return packed(buckets, isByHour ? start : undefined, (id) => state.series.get(id)?.target ?? id);
  }
}

export interface ColumnReader {
  get(source: ColumnSource): Column | undefined;
  read(source: ColumnSource): Column;
  /** Amounts that it holds. */
  entries(): number;
  release(): void;
}

/** The range within which two lists of readings differ. */
function changedRange(before: ReadIntervals, after: ReadIntervals): Range | undefined {
  const isSame = (place: number) => {
    const [a, b] = [before.at(place), after.at(place)];
    return a !== undefined && a.start === b?.start && a.end === b.end && a.asOf === b.asOf;
  };
  let head = 0;
  while (isSame(head)) head += 1;
  let tail = -1;
  while (isSame(tail)) tail -= 1;
  const changed = [before, after].flatMap((list) => list.slice(head, list.length + tail + 1));
  if (changed.length === 0) return undefined;
  return {
    start: Math.min(...changed.map(({ start }) => start)),
    end: Math.max(...changed.map(({ end }) => end)),
  };
}

/** Half of what an element of `BigInt64Array` holds, since bounds are rounded. */
export const MAX_BOUND = 2 ** 62;

function packed(
  buckets: ReadonlyMap<Instant, ReadonlyMap<number, Fixed>>,
  hoursFrom: Instant | undefined,
  targetOf = (id: number) => id,
): Column {
  const ids: number[] = [];
  const hours: number[] = [];
  const amounts: Fixed[] = [];
  for (const [start, inBucket] of buckets) {
    const hour = hoursFrom === undefined ? 0 : (start - hoursFrom) / HOUR;
    for (const [series, amount] of inBucket) {
      if (amount === 0n) continue;
      ids.push(targetOf(series));
      hours.push(hour);
      amounts.push(amount);
    }
  }
  const bound = boundOf(amounts);
  return {
    ids: Int32Array.from(ids),
    amounts: bound <= MAX_BOUND ? BigInt64Array.from(amounts) : amounts,
    bound,
    hours: hoursFrom === undefined ? undefined : Uint8Array.from(hours),
  };
}
