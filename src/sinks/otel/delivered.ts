import type { Delivery } from '../../core/ledger/records.ts';
import type { Deliveries } from '../../core/metrics/deliveries.ts';
import type { Instant } from '../../core/values/time.ts';
import { createDeltas, deltaOf } from './deltas.ts';
import type { PointBuilder } from './point-builder.ts';

/**
 * Builds deltas, and stores what was acknowledged. For a new receiver all present totals count as acknowledged: earlier costs would
 * be one spike.
 *
 * @throws what the store throws: here if the start of a new receiver cannot be stored; later from `acknowledge`, which stores the
 * rest with its next call, and counts from what was acknowledged in any case.
 */
export function createStoredDeltas(deliveries: Deliveries, openedAt: Instant): PointBuilder<number> {
  const { isNew } = deliveries;
  if (isNew) deliveries.begin(openedAt);
  const from = isNew ? openedAt : Number.NEGATIVE_INFINITY;
  const deltas = createDeltas({ checkpoints: deliveries.load(), openedAt, from, delta: deltaOf });
  const unstored = new Map<string, Delivery>();
  return {
    ...deltas,
    acknowledge(points) {
      const newer = deltas.acknowledge(points);
      const rows = [...unstored.values(), ...newer];
      if (rows.length === 0) return;
      try {
        deliveries.remember(rows);
        unstored.clear();
      } catch (error) {
        for (const row of newer) unstored.set(JSON.stringify([row.family, row.labels]), row);
        throw error;
      }
    },
  };
}
