import type { Instant } from '../../core/values/time.ts';

/** The complete label set of a series, sorted by name, with `__name__`. The same object for every sample of the series. */
export type SeriesLabels = readonly (readonly [name: string, value: string])[];

/** A sample of a counter. */
export interface WriteSample {
  readonly labels: SeriesLabels;
  readonly at: Instant;
  readonly value: number;
}
