import type { Cell, Cells } from '../core/ledger/cell.ts';
import type { Commit, Store } from '../core/ledger/records.ts';
import { getOrCreate } from '../core/values/maps.ts';
import { gapsIn, joinRanges } from '../core/values/ranges.ts';
import type { Granularity, Instant, Range } from '../core/values/time.ts';
import { wholeUnits } from './tables.ts';

/** Cells that are kept in memory at most: about 20 MB. */
const MAX_CELLS = 150_000;

/**
 * Keeps the cells that were read last, since a feed reads the same buckets again and again: an unchanged statement then costs
 * no query. Bounded: when there are too many, all are evicted.
 */
export function cacheCells(store: Store, maxCells = MAX_CELLS): Store {
  const cache = new CellCache(store, maxCells);
  return {
    ...store,
    cells: (stream, granularity, range) => cache.read(stream, granularity, range),
    peekCells: (stream, granularity, range) => cache.peek(stream, granularity, range),
    commit(commit) {
      store.commit(commit);
      cache.apply(commit);
    },
    together(work) {
      try {
        store.together(work);
      } catch (error) {
        cache.clear();
        throw error;
      }
    },
  };
}

/** The cells of one stream and granularity that were read, and where: what is absent within `known` is zero. */
interface CachedStream {
  readonly buckets: Map<Instant, Map<number, Cell>>;
  known: Range[];
}

class CellCache {
  readonly #store: Store;
  readonly #maxCells: number;
  readonly #streams = new Map<string, CachedStream>();
  #size = 0;

  constructor(store: Store, maxCells: number) {
    this.#store = store;
    this.#maxCells = maxCells;
  }

  read(stream: number, granularity: Granularity, range: Range): Cells {
    if (this.#size > this.#maxCells) this.clear();
    this.#fill(stream, granularity, range);
    return this.peek(stream, granularity, range);
  }

  /** Reads past the cache what it does not have. */
  peek(stream: number, granularity: Granularity, range: Range): Cells {
    const { known, buckets } = this.#streamOf(stream, granularity);
    const isWhole = gapsIn(known, range).length === 0;
    return isWhole ? within(buckets, range) : this.#store.peekCells(stream, granularity, range);
  }

  /** Follows a commit that succeeded; cells where nothing is known yet stay unknown. */
  apply(commit: Commit): void {
    for (const { stream, granularity, range } of commit.dropped ?? []) {
      const { buckets } = this.#streamOf(stream, granularity);
      for (const [bucket, cells] of within(buckets, range)) {
        this.#size -= cells.size;
        buckets.delete(bucket);
      }
    }
    for (const { stream, granularity, bucket, series, value, baseline } of commit.cells ?? []) {
      const { known, buckets } = this.#streamOf(stream, granularity);
      if (!known.some((range) => range.start <= bucket && bucket < range.end)) continue;
      const cells = getOrCreate(buckets, bucket, () => new Map());
      this.#size -= cells.size;
      if (value === 0n && baseline === 0n) cells.delete(series);
      else cells.set(series, { value, baseline });
      this.#size += cells.size;
    }
  }

  clear(): void {
    this.#streams.clear();
    this.#size = 0;
  }

  #streamOf(stream: number, granularity: Granularity): CachedStream {
    return getOrCreate(this.#streams, `${stream} ${granularity}`, () => ({ buckets: new Map(), known: [] }));
  }

  /** Reads what is missing of a range, and what the store must read to verify it. */
  #fill(stream: number, granularity: Granularity, range: Range): void {
    for (const gap of gapsIn(this.#streamOf(stream, granularity).known, wholeUnits(granularity, range))) {
      const cells = this.#store.cells(stream, granularity, gap);
      if (this.#size > this.#maxCells) this.clear();
      const cached = this.#streamOf(stream, granularity);
      for (const [bucket, found] of cells) {
        cached.buckets.set(bucket, new Map(found));
        this.#size += found.size;
      }
      cached.known = joinRanges([...cached.known, gap]);
    }
  }
}

function within(buckets: ReadonlyMap<Instant, Map<number, Cell>>, range: Range): Cells {
  const found = new Map<Instant, Map<number, Cell>>();
  for (const [bucket, cells] of buckets)
    if (bucket >= range.start && bucket < range.end) found.set(bucket, cells);
  return found;
}
