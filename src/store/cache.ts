import type { Cell, Cells } from '../core/ledger/cell.ts';
import type { Commit, Store } from '../core/ledger/records.ts';
import { gapsIn, joinRanges } from '../core/values/ranges.ts';
import type { Granularity, Instant, Range } from '../core/values/time.ts';
import { wholeUnits } from './tables.ts';

/** Cells that are kept in memory at the most: about 20 MB. */
const CACHED_CELLS = 150_000;

/** The cells of one stream and granularity that were read, and where: what is absent within `known` is zero. */
interface CachedStream {
  readonly buckets: Map<Instant, Map<number, Cell>>;
  known: Range[];
}

/**
 * Keeps the cells that were read last, since a feed reads the same buckets again and again: an unchanged statement then costs
 * no query. Bounded: when there are too many, all are let go.
 */
export function cacheCells(store: Store, mostCells = CACHED_CELLS): Store {
  const shelves = new Map<string, CachedStream>();
  let size = 0;

  const shelfOf = (stream: number, granularity: Granularity): CachedStream => {
    const key = `${stream} ${granularity}`;
    const shelf = shelves.get(key) ?? { buckets: new Map(), known: [] };
    shelves.set(key, shelf);
    return shelf;
  };
  const clear = () => {
    shelves.clear();
    size = 0;
  };
  const fill = (stream: number, granularity: Granularity, range: Range) => {
    // What the store must read to prove a part of it is kept.
    const whole = wholeUnits(granularity, range);
    for (const gap of gapsIn(shelfOf(stream, granularity).known, whole)) {
      const cells = store.cells(stream, granularity, gap);
      if (size > mostCells) clear();
      const shelf = shelfOf(stream, granularity);
      for (const [bucket, found] of cells) {
        shelf.buckets.set(bucket, new Map(found));
        size += found.size;
      }
      shelf.known = joinRanges([...shelf.known, gap]);
    }
  };

  return {
    ...store,
    cells(stream, granularity, range) {
      if (size > mostCells) clear();
      fill(stream, granularity, range);
      const shelf = shelfOf(stream, granularity);
      if (gapsIn(shelf.known, range).length > 0) return store.cells(stream, granularity, range);
      return within(shelf.buckets, range);
    },
    commit(commit) {
      store.commit(commit);
      absorb(commit);
    },
    together(work) {
      try {
        store.together(work);
      } catch (error) {
        clear();
        throw error;
      }
    },
  };

  /** Follows a commit that succeeded; cells where nothing is known yet stay unknown. */
  function absorb(commit: Commit): void {
    for (const { stream, granularity, range } of commit.dropped ?? []) {
      const { buckets } = shelfOf(stream, granularity);
      for (const [bucket, cells] of within(buckets, range)) {
        size -= cells.size;
        buckets.delete(bucket);
      }
    }
    for (const { stream, granularity, bucket, series, value, baseline } of commit.cells ?? []) {
      const shelf = shelfOf(stream, granularity);
      if (!shelf.known.some((range) => range.start <= bucket && bucket < range.end)) continue;
      const cells = shelf.buckets.get(bucket) ?? new Map<number, Cell>();
      shelf.buckets.set(bucket, cells);
      size -= cells.size;
      if (value === 0n && baseline === 0n) cells.delete(series);
      else cells.set(series, { value, baseline });
      size += cells.size;
    }
  }
}

function within(buckets: ReadonlyMap<Instant, Map<number, Cell>>, range: Range): Cells {
  const found = new Map<Instant, Map<number, Cell>>();
  for (const [bucket, cells] of buckets)
    if (bucket >= range.start && bucket < range.end) found.set(bucket, cells);
  return found;
}
