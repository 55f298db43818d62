import type { Histogram } from '@opentelemetry/sdk-metrics';
import type { CollectedFamily, CollectedValue } from '../prometheus/collect.ts';
import { difference } from './deltas.ts';

/** Combines the samples of each histogram of a family; bucket counts exclude lower buckets. */
export function histogramsIn(family: CollectedFamily) {
  const series = Map.groupBy(family.values, ({ labels: { le: _, ...own } }) => JSON.stringify(own));
  return [...series.values()].map((values) => {
    const { le: _, ...labels } = values[0]?.labels ?? {};
    return { labels, value: histogramOf(family.name, values) };
  });
}

function histogramOf(name: string, values: readonly CollectedValue[]): Histogram {
  const buckets = values.filter(({ labels }) => labels.le !== undefined);
  const sampleOf = (suffix: string) =>
    values.find(({ metricName }) => metricName === name + suffix)?.value ?? 0;
  return {
    buckets: {
      boundaries: buckets.map(({ labels }) => Number(labels.le)).filter(Number.isFinite),
      counts: buckets.map(({ value }, index) => value - (buckets[index - 1]?.value ?? 0)),
    },
    sum: sampleOf('_sum'),
    count: sampleOf('_count'),
  };
}

/** The observations since `before`; undefined without any, all of them if a bucket has fewer and so started again. */
export function deltaOfHistogram(total: Histogram, before: Histogram): Histogram | undefined {
  const counts = total.buckets.counts.map((count, index) => count - (before.buckets.counts[index] ?? 0));
  if (counts.some((count) => count < 0)) return total;
  if (total.count === before.count) return undefined;
  return {
    buckets: { boundaries: total.buckets.boundaries, counts },
    sum: difference(total.sum ?? 0, before.sum ?? 0),
    count: total.count - before.count,
  };
}
