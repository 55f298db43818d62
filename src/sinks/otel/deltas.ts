import { AggregationTemporality } from '@opentelemetry/sdk-metrics';
import type { Delivery } from '../../core/ledger/records.ts';
import { fromNumber, toNumber } from '../../core/values/money.ts';
import { HOUR, type Instant } from '../../core/values/time.ts';
import { memoize } from './attributes.ts';
import { hrTime } from './metric.ts';
import type { PointBuilder } from './point-builder.ts';

/** A {@link Delivery} of any kind of total. */
export interface Checkpoint<Total> extends Omit<Delivery, 'total'> {
  readonly total: Total;
}

/** Builds points with the growth of totals. */
export interface Deltas<Total> extends PointBuilder<Total> {
  /** Returns the new checkpoints. */
  acknowledge(points: Iterable<object>): Checkpoint<Total>[];
}

export interface DeltasOptions<Total> {
  /** What the receiver acknowledged before. */
  readonly checkpoints: Iterable<Checkpoint<Total>>;
  /** When the receiver is opened. */
  readonly openedAt: Instant;
  /** No interval starts before this: when the receiver became known, if that is stored. */
  readonly from: Instant;
  /** How much a total grew, exactly; undefined if it is unchanged, all of it if it is lower and so started again. */
  readonly delta: (total: Total, before: Total) => Total | undefined;
}

/**
 * Builds points with the growth of totals since the last acknowledged ones. Intervals of a series follow one another and none is
 * empty: while the clock is not past the end of the last interval, growth waits, for an hour at most: an end further ahead comes from
 * a clock that was wrong.
 */
export function createDeltas<Total>(options: DeltasOptions<Total>): Deltas<Total> {
  const { openedAt, from, delta } = options;
  const checkpoints = createCheckpoints(options.checkpoints);
  const pending = new WeakMap<object, Checkpoint<Total>>();
  return {
    temporality: AggregationTemporality.DELTA,
    point({ family, labels, total, attributes, ...sample }, at) {
      const last = checkpoints.get({ family, labels });
      const createdAt = sample.createdAt ?? last?.createdAt ?? openedAt;
      const start = Math.max(plausible(createdAt, at), plausible(last?.at ?? from, at));
      if (at <= start) return undefined;
      const value = last?.createdAt === createdAt ? delta(total, last.total) : total;
      if (value === undefined) return undefined;
      const point = { startTime: hrTime(start), endTime: hrTime(at), attributes, value };
      pending.set(point, { family, labels, createdAt, total, at });
      return point;
    },
    acknowledge(points) {
      const newer = [...points].flatMap((point) => pending.get(point) ?? []).filter(checkpoints.isNewer);
      newer.forEach(checkpoints.set);
      return newer;
    },
  };
}

const MAX_AHEAD_MS = HOUR;

/** The instant, or the last one before `at` if it is too far ahead. */
function plausible(instant: Instant, at: Instant): Instant {
  return instant - at > MAX_AHEAD_MS ? at - 1 : instant;
}

function createCheckpoints<Total>(rows: Iterable<Checkpoint<Total>>) {
  const byFamily = new Map<string, Map<string, Checkpoint<Total>>>();
  const keyOf = memoize((labels: readonly string[]) => JSON.stringify(labels));
  const get = ({ family, labels }: Pick<Delivery, 'family' | 'labels'>) =>
    byFamily.get(family)?.get(keyOf(labels));
  const set = (checkpoint: Checkpoint<Total>): void => {
    const family = byFamily.get(checkpoint.family) ?? new Map();
    byFamily.set(checkpoint.family, family.set(keyOf(checkpoint.labels), checkpoint));
  };
  for (const row of rows) set(row);
  return {
    get,
    set,
    /** A late answer does not undo what was acknowledged since. */
    isNewer: (checkpoint: Checkpoint<Total>) =>
      checkpoint.at > plausible(get(checkpoint)?.at ?? Number.NEGATIVE_INFINITY, checkpoint.at),
  };
}

/** {@link DeltasOptions.delta} of numbers. */
export function deltaOf(total: number, before: number): number | undefined {
  if (total === before) return undefined;
  return total < before ? total : difference(total, before);
}

/** As decimals: 0.3 - 0.1 is 0.2. */
export function difference(a: number, b: number): number {
  return toNumber(fromNumber(a) - fromNumber(b));
}
