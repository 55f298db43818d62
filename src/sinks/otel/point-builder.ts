import type { Attributes } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint } from '@opentelemetry/sdk-metrics';
import type { Instant } from '../../core/values/time.ts';
import { hrTime } from './metric.ts';

/** A series as it stands. */
export interface CurrentSample<Total> {
  readonly family: string;
  /** What tells it from others of its family. */
  readonly labels: readonly string[];
  readonly total: Total;
  /** When it was first 0, if it only grows. Missing: when the receiver was opened, or what it was told of this before. */
  readonly createdAt: Instant | undefined;
  readonly attributes: Attributes;
}

/** Makes points of one kind of series for one receiver. */
export interface PointBuilder<Total> {
  readonly temporality: AggregationTemporality;
  /** Undefined where there is nothing to tell. */
  point(standing: CurrentSample<Total>, at: Instant): DataPoint<Total> | undefined;
  /** The receiver has these points, the very objects that {@link point} gave; others are ignored. */
  taken(points: Iterable<object>): void;
}

/** Tells totals as they stand. */
export function cumulativePoints<Total>(openedAt: Instant): PointBuilder<Total> {
  return {
    temporality: AggregationTemporality.CUMULATIVE,
    // A clock that was set back may stand before the beginning.
    point: ({ total, createdAt = openedAt, attributes }, at) => ({
      startTime: hrTime(Math.min(createdAt, at)),
      endTime: hrTime(at),
      attributes,
      value: total,
    }),
    taken: () => {},
  };
}

/** Tells what is true at the moment, and of no time before. */
export function gaugePoints(): PointBuilder<number> {
  return {
    temporality: AggregationTemporality.CUMULATIVE,
    point({ total, attributes }, at) {
      const time = hrTime(at);
      return { startTime: time, endTime: time, attributes, value: total };
    },
    taken: () => {},
  };
}
