import { AggregationTemporality } from '@opentelemetry/sdk-metrics';
import type { Delivery } from '../../core/ledger/records.ts';
import { fromNumber, toNumber } from '../../core/values/money.ts';
import { HOUR, type Instant } from '../../core/values/time.ts';
import { byIdentity } from './attributes.ts';
import { hrTime } from './metric.ts';
import type { PointBuilder } from './point-builder.ts';

/** A {@link Delivery} of any kind of total. */
export interface Checkpoint<Total> extends Omit<Delivery, 'total'> {
  readonly total: Total;
}

/** Tells by how much totals grew. */
export interface Deltas<Total> extends PointBuilder<Total> {
  /** Returns what the receiver was told by these points. */
  taken(points: Iterable<object>): Checkpoint<Total>[];
}

export interface DeltasOptions<Total> {
  /** What the receiver was told before. */
  readonly told: Iterable<Checkpoint<Total>>;
  /** When the receiver is opened. */
  readonly openedAt: Instant;
  /** Nothing before this is told of: when the receiver became known, where that is remembered. */
  readonly from: Instant;
  /** By how much a total grew, exactly; undefined where it is the same, all of it where it is lower and so began anew. */
  readonly growth: (total: Total, told: Total) => Total | undefined;
}

/**
 * Tells by how much totals grew since what the receiver was told last. Intervals of a series follow one another and none is
 * empty: while the clock does not stand behind the end of the last one, what grew waits. Not for longer than an hour: an end further
 * ahead comes from a clock that was wrong.
 */
export function createDeltas<Total>(options: DeltasOptions<Total>): Deltas<Total> {
  const { openedAt, from, growth } = options;
  const told = createCheckpoints(options.told);
  const tellings = new WeakMap<object, Checkpoint<Total>>();
  return {
    temporality: AggregationTemporality.DELTA,
    point({ family, labels, total, createdAt: begun, attributes }, at) {
      const known = told.of({ family, labels });
      const createdAt = begun ?? known?.createdAt ?? openedAt;
      const start = Math.max(believed(createdAt, at), believed(known?.at ?? from, at));
      if (at <= start) return undefined;
      const value = known?.createdAt === createdAt ? growth(total, known.total) : total;
      if (value === undefined) return undefined;
      const point = { startTime: hrTime(start), endTime: hrTime(at), attributes, value };
      tellings.set(point, { family, labels, createdAt, total, at });
      return point;
    },
    taken(points) {
      const news = [...points].flatMap((point) => tellings.get(point) ?? []).filter(told.isNews);
      news.forEach(told.note);
      return news;
    },
  };
}

const LONGEST_WAIT_MS = HOUR;

/** The instant, or the last one before `at` where it lies too far ahead. */
function believed(instant: Instant, at: Instant): Instant {
  return instant - at > LONGEST_WAIT_MS ? at - 1 : instant;
}

type SeriesIdentity = Pick<Delivery, 'family' | 'labels'>;

function createCheckpoints<Total>(rows: Iterable<Checkpoint<Total>>) {
  const told = new Map<string, Map<string, Checkpoint<Total>>>();
  const keyOf = byIdentity((labels: readonly string[]) => JSON.stringify(labels));
  const of = ({ family, labels }: SeriesIdentity) => told.get(family)?.get(keyOf(labels));
  const note = (telling: Checkpoint<Total>): void => {
    const rows = told.get(telling.family) ?? new Map();
    told.set(telling.family, rows.set(keyOf(telling.labels), telling));
  };
  for (const row of rows) note(row);
  return {
    of,
    note,
    /** An answer that comes late does not take back what was told since. */
    isNews: (telling: Checkpoint<Total>) =>
      telling.at > believed(of(telling)?.at ?? Number.NEGATIVE_INFINITY, telling.at),
  };
}

/** {@link DeltasOptions.growth} of numbers. */
export function deltaOf(total: number, told: number): number | undefined {
  if (total === told) return undefined;
  return total < told ? total : difference(total, told);
}

/** As decimals: 0.3 - 0.1 is 0.2. */
export function difference(a: number, b: number): number {
  return toNumber(fromNumber(a) - fromNumber(b));
}
