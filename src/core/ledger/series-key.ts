import type { SeriesKey } from '../statement/series.ts';
import { hash53 } from '../values/label.ts';

/** One text per label set and measure of a stream. No label holds the separator: see `cleanLabel`. */
export function keyOf(stream: number, key: SeriesKey): string {
  return `${stream}\0${key.measure}\0${key.resource}\0${key.model}\0${key.tier}\0${key.detail}`;
}

/** The resource label of the series that shows what came after an account's `maxSeries`. */
export const OVERFLOW = '__overflow__';

/**
 * How many overflowed label sets a stream remembers, so that each is counted once and stays in the overflow series for life. Beyond
 * that, every label set without a series of its own overflows, and none is counted.
 */
export const MAX_OVERFLOWED = 100_000;

/**
 * A 53-bit digest of a label set that has no series of its own. It costs 8 bytes where a series row costs a kilobyte. Two label sets
 * with one digest overflow together, which moves no money.
 *
 * A resource overflows whatever its model and tier: those freeze only with its first series.
 */
export function overflowDigest(key: SeriesKey): number {
  const { resource } = key;
  return hash53(keyOf(0, resource === '' ? key : { ...key, model: '', tier: '' }));
}
