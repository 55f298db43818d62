import type { DataPoint, MetricData } from '@opentelemetry/sdk-metrics';
import type { Deliveries } from '../../core/metrics/deliveries.ts';
import type { Family, Snapshot, SnapshotSource } from '../../core/metrics/snapshot.ts';
import type { Instant } from '../../core/values/time.ts';
import { createPace, type Pace } from '../prometheus/pace.ts';
import { createAttributes } from './attributes.ts';
import { createStoredDeltas } from './delivered.ts';
import { type AcknowledgedProducer, collection, numbersOf } from './metric.ts';
import { cumulativePoints, gaugePoints } from './point-builder.ts';

/** The ledger for one receiver. */
export interface LedgerProducer extends AcknowledgedProducer {
  /** The receiver has all that was collected last: series held at 0 count as shown from now on. */
  carried(): void;
}

export interface LedgerProducerOptions {
  readonly source: SnapshotSource;
  readonly now: () => Instant;
  /** Of the exporter: the scope's. */
  readonly version: string;
  /** Adds the attributes of GenAI semantic conventions. */
  readonly genAi: boolean;
  /** Missing: totals are told as they stand, cumulative; else their differences, from what this receiver was told last. */
  readonly deliveries?: Deliveries | undefined;
}

/** Few enough that one batch takes well under a millisecond. */
const SAMPLES_A_BATCH = 256;

/**
 * Shows the ledger's snapshot as OTLP metrics: all of one snapshot, and nothing of sets that are gone.
 *
 * @throws what the store throws where a new receiver's beginning cannot be stored.
 */
export function createLedgerProducer(options: LedgerProducerOptions): LedgerProducer {
  const { source, now, version, deliveries } = options;
  const counters = deliveries ? createStoredDeltas(deliveries, now()) : cumulativePoints<number>(now());
  const gauges = gaugePoints();
  const attributes = createAttributes(options.genAi);
  let collected: Snapshot | undefined;

  async function metricOf(family: Family, at: Instant, pace: Pace): Promise<MetricData> {
    const teller = family.type === 'counter' ? counters : gauges;
    const attributesOf = attributes(family.labels);
    const points: DataPoint<number>[] = [];
    for (const [index, { labels, value: total, createdAt }] of family.samples.entries()) {
      if (index % SAMPLES_A_BATCH === 0) await pace();
      if (!Number.isFinite(total)) continue;
      const standing = { family: family.name, labels, total, createdAt, attributes: attributesOf(labels) };
      const point = teller.point(standing, at);
      if (point) points.push(point);
    }
    return numbersOf(family, points, teller.temporality);
  }

  return {
    producer: {
      async collect() {
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
    taken: counters.taken,
    carried() {
      if (collected) source.carried(collected);
    },
  };
}
