import type { SeriesRow } from '../ledger/records.ts';
import type { Fixed } from '../values/money.ts';
import type { Instant, Range } from '../values/time.ts';

/** A bucket that matters to the twin of a counter: the first ones of a series, or one below zero. */
export interface NotedBucket extends Range {
  readonly row: SeriesRow;
  readonly amount: Fixed;
}

/** Some 20 MB. */
const MAX_NOTED = 100_000;

/**
 * What a counter notes of a stream for its twin, by slice, so that the twin need not read the cells again. Each slice is taken once, and
 * not kept when there is too much of it.
 */
export class TwinNotes {
  readonly #slices = new Map<Instant, readonly NotedBucket[]>();
  #count = 0;

  keep(slice: Instant, noted: readonly NotedBucket[]): void {
    this.take(slice);
    if (this.#count + noted.length > MAX_NOTED) return;
    this.#slices.set(slice, noted);
    this.#count += noted.length;
  }

  /** Undefined if the slice has to be read. */
  take(slice: Instant): readonly NotedBucket[] | undefined {
    const noted = this.#slices.get(slice);
    this.#slices.delete(slice);
    this.#count -= noted?.length ?? 0;
    return noted;
  }
}
