import type { Attributes } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint } from '@opentelemetry/sdk-metrics';
import type { Instant } from '../../core/values/time.ts';
import { hrTime } from './metric.ts';

/** The current state of a series. */
export interface CurrentSample<Total> {
  readonly family: string;
  /** Identifies the series within its family. */
  readonly labels: readonly string[];
  readonly total: Total;
  /** When a counter was 0. Default: that of the last checkpoint, or when the receiver was opened. */
  readonly createdAt: Instant | undefined;
  readonly attributes: Attributes;
}

/** Builds points of one kind of series for one receiver. */
export interface PointBuilder<Total> {
  readonly temporality: AggregationTemporality;
  /** Undefined if there is nothing to send. */
  point(sample: CurrentSample<Total>, at: Instant): DataPoint<Total> | undefined;
  /** The receiver accepted these points, the identical objects that {@link point} returned; ignores others. */
  acknowledge(points: Iterable<object>): void;
}

/** Builds points with totals. */
export function cumulativePoints<Total>(openedAt: Instant): PointBuilder<Total> {
  // After the clock was set back, `at` may be before the start.
  return statelessPoints(({ createdAt = openedAt }, at) => Math.min(createdAt, at));
}

/** Builds points with values of the moment. */
export function gaugePoints(): PointBuilder<number> {
  return statelessPoints((_sample, at) => at);
}

function statelessPoints<Total>(
  startOf: (sample: CurrentSample<Total>, at: Instant) => Instant,
): PointBuilder<Total> {
  return {
    temporality: AggregationTemporality.CUMULATIVE,
    point(sample, at) {
      const { attributes, total: value } = sample;
      return { startTime: hrTime(startOf(sample, at)), endTime: hrTime(at), attributes, value };
    },
    acknowledge: () => {},
  };
}
