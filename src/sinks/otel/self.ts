import type { CollectionResult, MetricData } from '@opentelemetry/sdk-metrics';
import type { Instant } from '../../core/values/time.ts';
import type { CollectedFamily, CollectedValue } from '../prometheus/collect.ts';
import { attributesOf } from './attributes.ts';
import { createDeltas, deltaOf } from './deltas.ts';
import { deltaOfHistogram, histogramsIn } from './histogram.ts';
import { collection, histogramsOf, numbersOf, type ProducerOptions } from './metric.ts';
import { cumulativePoints, gaugePoints, type PointBuilder } from './point-builder.ts';

export interface SelfProducerOptions extends ProducerOptions {
  readonly self: { collect(): Promise<CollectedFamily[]> };
  /** When the self-metrics were created: all of them were 0. */
  readonly startedAt: Instant;
  /** Counters and histograms as deltas; what was acknowledged is kept in memory. */
  readonly isDelta: boolean;
}

/** Produces the self-metrics as OTLP metrics. */
export function createSelfProducer(options: SelfProducerOptions) {
  const { self, now, version } = options;
  const counters = builderOf(options, deltaOf);
  const histograms = builderOf(options, deltaOfHistogram);
  const gauges = gaugePoints();

  function metricOf(family: CollectedFamily, at: Instant): MetricData {
    if (family.type === 'histogram') {
      const points = pointsOf(family, histogramsIn(family), histograms, at);
      return histogramsOf(family, points, histograms.temporality);
    }
    const builder = family.type === 'counter' ? counters : gauges;
    const finite = family.values.filter(({ value }) => Number.isFinite(value));
    return numbersOf(family, pointsOf(family, finite, builder, at), builder.temporality);
  }

  function pointsOf<Total>(
    { name }: CollectedFamily,
    series: SelfSeries<Total>[],
    builder: PointBuilder<Total>,
    at: Instant,
  ) {
    return series.flatMap(({ labels, value: total }) => {
      const names = Object.keys(labels);
      const values = Object.values(labels).map(String);
      const attributes = attributesOf(names, values, options.genAi);
      const sample = { family: name, labels: [...names, ...values], total, attributes };
      return builder.point({ ...sample, createdAt: options.startedAt }, at) ?? [];
    });
  }

  return {
    producer: {
      async collect(): Promise<CollectionResult> {
        const families = await self.collect();
        const at = now();
        const { supported = [], summaries = [] } = Object.groupBy(families, ({ type }) =>
          type === 'summary' ? 'summaries' : 'supported',
        );
        const metrics = supported.map((family) => metricOf(family, at));
        const nonEmpty = metrics.filter(({ dataPoints }) => dataPoints.length > 0);
        return collection(version, nonEmpty, summaries.map(unsupported));
      },
    },
    /** The receiver accepted these points, the identical objects that were collected: deltas start from them. */
    acknowledge(points: Iterable<object>): void {
      counters.acknowledge(points);
      histograms.acknowledge(points);
    },
  };
}

/** One series; its value is a number or a histogram. */
interface SelfSeries<Total> {
  readonly labels: CollectedValue['labels'];
  readonly value: Total;
}

function builderOf<Total>(
  { startedAt, isDelta }: SelfProducerOptions,
  delta: (total: Total, before: Total) => Total | undefined,
): PointBuilder<Total> {
  return isDelta
    ? createDeltas({ checkpoints: [], openedAt: startedAt, from: startedAt, delta })
    : cumulativePoints(startedAt);
}

/** There are no summaries; if prom-client adds one, that must not go unnoticed. */
function unsupported({ name }: CollectedFamily): RangeError {
  return new RangeError(`${name} is a summary, which has no form in OTLP metrics of this exporter`);
}
