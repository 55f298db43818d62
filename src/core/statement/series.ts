import type { Usd } from '../values/money.ts';
import type { Instant, Range } from '../values/time.ts';
import type { Charge } from './statement.ts';

export type SeriesKey = Pick<Charge, 'measure' | 'resource' | 'model' | 'tier' | 'detail'>;

/** Picks label sets of cost. */
export type LabelFilter = (labels: Omit<SeriesKey, 'measure'>) => boolean;

/** Net cost of some days in the ledger. */
export interface NetCost {
  /** Net US dollars. */
  readonly usd: Usd;
  /** The oldest as-of of its parts: what the provider said later may be missing. */
  readonly asOf: Instant;
}

/** Which buckets were read before, and as of when. */
export interface ReadCoverage {
  /** The as-of of the newest reading of the bucket that starts at or holds `at`; undefined where none was. */
  asOf(at: Instant): Instant | undefined;
  /** The unbroken range read so far that ends last, or undefined before the first reading. Its end may be an open bucket's. */
  latest(): Range | undefined;
  /** The parts of `range` that were never read, oldest first. */
  gaps(range: Range): Range[];
}
