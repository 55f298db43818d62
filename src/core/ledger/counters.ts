import { getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { type Granularity, type Instant, sizeOf } from '../values/time.ts';
import type { Delta } from './cell.ts';
import type { SeriesRow, StreamRow, ZeroHold } from './records.ts';
import { isRetired } from './zero-hold.ts';

export interface CountersInput {
  readonly stream: StreamRow;
  readonly granularity: Granularity;
  readonly created: ReadonlyMap<number, SeriesRow>;
  readonly row: (id: number) => SeriesRow;
  readonly now: Instant;
}

/** The rows of all series that are new or moved, with their counters, holds and times. */
export function moveCounters(input: CountersInput, deltas: readonly Delta[]): SeriesRow[] {
  const { created, row, granularity, now } = input;
  const moved = new Map<number, { total: Fixed; corrections: Fixed; lastCell: Instant }>();
  const size = sizeOf(granularity);
  for (const delta of deltas) {
    const { target } = row(delta.series);
    const sum = getOrCreate(moved, target, () => ({ total: 0n, corrections: 0n, lastCell: 0 }));
    if (delta.net > 0n) sum.total += delta.net;
    else sum.corrections -= delta.net;
    sum.lastCell = Math.max(sum.lastCell, delta.bucket + size);
  }
  const unmoved = [...created.values()].filter(({ id }) => !moved.has(id));
  return [
    ...unmoved.map((known) => ({ ...known, hold: holdOf(known, input) })),
    ...[...moved].map(([id, sum]) => {
      const known = row(id);
      return {
        ...known,
        total: known.total + sum.total,
        corrections: known.corrections + sum.corrections,
        hold: holdOf(known, input),
        lastCell: Math.max(known.lastCell, sum.lastCell),
        changedAt: now,
      };
    }),
  ];
}

/**
 * A label set that is new after the baseline, or back after it had left, starts at the values it had.
 *
 * One that only history names so far is no exception: its first spend may come before anybody has seen it at 0.
 */
function holdOf(row: SeriesRow, { stream, created, now }: CountersInput): ZeroHold | undefined {
  const isLate = stream.baseline !== undefined && created.has(row.id);
  const { total, corrections } = row;
  return isLate || isRetired(row, now) ? { total, corrections, since: now, shown: false } : row.hold;
}
