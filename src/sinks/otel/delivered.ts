import type { Deliveries, Delivery } from '../../core/delivery.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { Instant } from '../../core/time.ts';
import { createDeltas, growthOf } from './deltas.ts';
import type { Teller } from './teller.ts';

/**
 * Tells differences, and stores what was told. To a receiver that is new, all that stands is as good as told: what was spent
 * before it came would be one spike.
 *
 * @throws what the store throws: here where a new receiver's beginning cannot be stored; later from `taken`, which tries again
 * with what it is called for next, and counts from what was taken in any case.
 */
export function createStoredDeltas(
  deliveries: Deliveries,
  snapshot: Snapshot,
  openedAt: Instant,
): Teller<number> {
  const { isNew } = deliveries;
  const told = isNew ? standing(snapshot, openedAt) : deliveries.load();
  if (isNew) deliveries.remember(told);
  const from = isNew ? openedAt : Number.NEGATIVE_INFINITY;
  const { temporality, point, taken } = createDeltas({ told, openedAt, from, growth: growthOf });
  const unstored = new Map<string, Delivery>();
  return {
    temporality,
    point,
    taken(points) {
      for (const row of taken(points)) unstored.set(JSON.stringify([row.family, row.labels]), row);
      if (unstored.size === 0) return;
      deliveries.remember([...unstored.values()]);
      unstored.clear();
    },
  };
}

/** Every counter of a snapshot, as told. */
function standing({ families }: Snapshot, at: Instant): Delivery[] {
  const counters = families.filter(({ type }) => type === 'counter');
  return counters.flatMap(({ name, samples }) =>
    samples.map(({ labels, value, zeroAt = at }) => ({ family: name, labels, zeroAt, total: value, at })),
  );
}
