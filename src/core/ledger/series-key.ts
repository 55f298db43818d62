import type { SeriesKey } from '../statement/series.ts';

/** One text for one label set of one measure; the separator cannot stand in a label, see `assign.ts`. */
export function keyOf(stream: number, key: SeriesKey): string {
  return `${stream}\0${key.measure}\0${key.resource}\0${key.model}\0${key.tier}\0${key.detail}`;
}

/** The resource label of the series that shows what came after an account's `maxSeries`. */
export const OVERFLOW = '__overflow__';
