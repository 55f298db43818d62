import type { Delivery } from '../../core/ledger/records.ts';
import type { Deliveries } from '../../core/metrics/deliveries.ts';
import type { Instant } from '../../core/values/time.ts';
import { createDeltas, deltaOf } from './deltas.ts';
import type { PointBuilder } from './point-builder.ts';

/**
 * Tells differences, and stores what was told. To a receiver that is new, all that stands is as good as told: what was spent
 * before it came would be one spike.
 *
 * @throws what the store throws: here where a new receiver's beginning cannot be stored; later from `taken`, which tries again
 * with what it is called for next, and counts from what was taken in any case.
 */
export function createStoredDeltas(deliveries: Deliveries, openedAt: Instant): PointBuilder<number> {
  const { isNew } = deliveries;
  if (isNew) deliveries.begin(openedAt);
  const told = deliveries.load();
  const from = isNew ? openedAt : Number.NEGATIVE_INFINITY;
  const { temporality, point, taken } = createDeltas({ told, openedAt, from, growth: deltaOf });
  const unstored = new Map<string, Delivery>();
  return {
    temporality,
    point,
    taken(points) {
      const news = taken(points);
      const rows = [...unstored.values(), ...news];
      if (rows.length === 0) return;
      try {
        deliveries.remember(rows);
        unstored.clear();
      } catch (error) {
        for (const row of news) unstored.set(JSON.stringify([row.family, row.labels]), row);
        throw error;
      }
    },
  };
}
