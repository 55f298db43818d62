import type { Usd } from '../values/money.ts';
import type { Instant } from '../values/time.ts';
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
