import type { SeriesRow } from '../ledger/records.ts';
import type { Fixed } from '../values/money.ts';
import type { Instant, Range } from '../values/time.ts';

/** A bucket that the counter of corrections needs: one below zero, or the first of a series. */
export interface CorrectionBucket extends Range {
  readonly row: SeriesRow;
  readonly amount: Fixed;
}

/** Some 20 MB. */
const MAX_BUCKETS = 100_000;

/**
 * What a counter has read of a stream that the counter of its corrections needs, by slice, so that no cell is read twice. Each slice is
 * taken once. Slices beyond the limit are not kept.
 */
export class CorrectionCache {
  readonly #slices = new Map<Instant, readonly CorrectionBucket[]>();
  #count = 0;

  keep(slice: Instant, buckets: readonly CorrectionBucket[]): void {
    this.take(slice);
    if (this.#count + buckets.length > MAX_BUCKETS) return;
    this.#slices.set(slice, buckets);
    this.#count += buckets.length;
  }

  /** Undefined if the slice has to be read. */
  take(slice: Instant): readonly CorrectionBucket[] | undefined {
    const buckets = this.#slices.get(slice);
    this.#slices.delete(slice);
    this.#count -= buckets?.length ?? 0;
    return buckets;
  }
}
