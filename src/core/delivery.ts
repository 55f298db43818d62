import type { Store } from './store.ts';
import type { Instant } from './time.ts';

/** What a receiver of differences was last told of a counter. */
export interface Delivery {
  /** The counter's name. */
  readonly family: string;
  /** Values of the family's labels, in the family's order. */
  readonly labels: readonly string[];
  /** When the series was first 0: one that began anew is told from 0 again. */
  readonly zeroAt: Instant;
  /** As it was exposed. */
  readonly total: number;
  /** End of the time that was told of. */
  readonly at: Instant;
}

/** What one receiver of differences was told, across restarts. */
export interface Deliveries {
  /** Nothing is known of the receiver: what stood before it came is not told to it. */
  readonly isNew: boolean;
  load(): readonly Delivery[];
  /** Stores what was told, all of it or nothing. From then on the receiver is known. */
  remember(rows: readonly Delivery[]): void;
}

export function deliveriesOf(receiver: string, store: Store): Deliveries {
  return {
    isNew: store.deliveries(receiver) === undefined,
    load: () => store.deliveries(receiver) ?? [],
    remember: (rows) => store.commit({ deliveries: [{ receiver, rows }] }),
  };
}
