import type { CollectionResult, DataPoint, MetricData } from '@opentelemetry/sdk-metrics';
import type { Deliveries } from '../../core/metrics/deliveries.ts';
import type { Family, Snapshot, SnapshotSource } from '../../core/metrics/snapshot.ts';
import type { Instant } from '../../core/values/time.ts';
import { createPace, type Pace } from '../prometheus/pace.ts';
import { createAttributes } from './attributes.ts';
import { createStoredDeltas } from './delivered.ts';
import { collection, numbersOf, type ProducerOptions } from './metric.ts';
import { cumulativePoints, gaugePoints } from './point-builder.ts';

export interface LedgerProducerOptions extends ProducerOptions {
  readonly source: SnapshotSource;
  /** Deltas since the last delivery to this receiver; cumulative totals when absent. */
  readonly deliveries?: Deliveries | undefined;
}

/** One batch takes well under a millisecond. */
const SAMPLES_PER_BATCH = 256;

/**
 * Produces one snapshot of the ledger as OTLP metrics, and nothing of series that are gone.
 *
 * @throws what the store throws if the start of a new receiver cannot be stored.
 */
export function createLedgerProducer(options: LedgerProducerOptions) {
  const { source, now, version, deliveries } = options;
  const counters = deliveries ? createStoredDeltas(deliveries, now()) : cumulativePoints<number>(now());
  const gauges = gaugePoints();
  const attributes = createAttributes(options.genAi);
  let collected: Snapshot | undefined;

  async function metricOf(family: Family, at: Instant, pace: Pace): Promise<MetricData> {
    const builder = family.type === 'counter' ? counters : gauges;
    const attributesOf = attributes(family.labels);
    const points: DataPoint<number>[] = [];
    for (const [index, { labels, value: total, createdAt }] of family.samples.entries()) {
      if (index % SAMPLES_PER_BATCH === 0) await pace();
      if (!Number.isFinite(total)) continue;
      const sample = { family: family.name, labels, total, createdAt, attributes: attributesOf(labels) };
      const point = builder.point(sample, at);
      if (point) points.push(point);
    }
    return numbersOf(family, points, builder.temporality);
  }

  return {
    producer: {
      async collect(): Promise<CollectionResult> {
        const snapshot = source.current();
        const at = now();
        const pace = createPace();
        const metrics: MetricData[] = [];
        for (const family of snapshot.families) {
          const metric = await metricOf(family, at, pace);
          if (metric.dataPoints.length > 0) metrics.push(metric);
        }
        collected = snapshot;
        return collection(version, metrics);
      },
    },
    /** The receiver accepted these points, the identical objects that were collected: deltas start from them. */
    acknowledge: (points: Iterable<object>) => counters.acknowledge(points),
    /** The receiver has everything that was collected last: the zeros of new series count as exposed from now on. */
    carried(): void {
      if (collected) source.carried(collected);
    },
  };
}
