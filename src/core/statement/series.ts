import type { Usd } from '../values/money.ts';
import type { Instant } from '../values/time.ts';
import type { Charge } from './statement.ts';

export type SeriesKey = Pick<Charge, 'measure' | 'resource' | 'model' | 'tier' | 'detail'>;

/** Picks label sets of cost. */
export type LabelFilter = (labels: Omit<SeriesKey, 'measure'>) => boolean;

/** What the ledger holds of some days. */
export interface NetCost {
  /** Net US dollars. */
  readonly usd: Usd;
  /** When the part of it that was read first was last read: what the provider said later is not in it. */
  readonly asOf: Instant;
}
