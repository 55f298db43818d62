import type { SeriesKey } from '../statement/series.ts';
import { hash53 } from '../values/label.ts';
import { keyOf } from './series-key.ts';
import type { LedgerState } from './state.ts';

/**
 * How many folded label sets a stream remembers, so that each is counted once and stays folded for life. Once it is full, every
 * label set without a series of its own is folded, and none is counted.
 */
export const MAX_OVERFLOWED = 100_000;

/**
 * A 53-bit digest of a label set that has no series of its own. It costs 8 bytes where a series row costs a kilobyte. Two label sets
 * with one digest are folded together, which moves no money.
 *
 * A resource is folded whatever its model and tier: those freeze only with its first series.
 */
export function overflowDigest(key: SeriesKey): number {
  const { resource } = key;
  return hash53(keyOf(0, resource === '' ? key : { ...key, model: '', tier: '' }));
}

/** Whether the ledger has met a label set of a stream, folded or not. */
export function hasLabelSet(book: LedgerState, stream: number, key: SeriesKey): boolean {
  return book.seriesOf(stream, key) !== undefined || book.overflowed(stream).has(overflowDigest(key));
}
