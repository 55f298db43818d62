import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { Instant } from '../../core/values/time.ts';
import type { CollectedFamily, CollectedValue } from '../prometheus/collect.ts';
import { attributesOf } from './attributes.ts';
import { createDeltas, deltaOf } from './deltas.ts';
import { growthOfHistogram, histogramsIn } from './histogram.ts';
import { type AcknowledgedProducer, collection, histogramsOf, numbersOf } from './metric.ts';
import { cumulativePoints, gaugePoints, type PointBuilder } from './point-builder.ts';

export interface SelfProducerOptions {
  readonly self: { collect(): Promise<CollectedFamily[]> };
  readonly now: () => Instant;
  /** When the self-metrics were created: all of them were 0. */
  readonly startedAt: Instant;
  /** Of the exporter: the scope's. */
  readonly version: string;
  /** Adds the attributes of GenAI semantic conventions. */
  readonly genAi: boolean;
  /** Counters and histograms as differences; what was taken is remembered for as long as this producer lives. */
  readonly isDelta: boolean;
}

/** Shows what the exporter counts of itself as OTLP metrics. */
export function createSelfProducer(options: SelfProducerOptions): AcknowledgedProducer {
  const { self, now, version } = options;
  const counters = tellerOf(options, deltaOf);
  const histograms = tellerOf(options, growthOfHistogram);
  const gauges = gaugePoints();

  function metricOf(family: CollectedFamily, at: Instant): MetricData {
    if (family.type === 'histogram') {
      const points = pointsOf(family, histogramsIn(family), histograms, at);
      return histogramsOf(family, points, histograms.temporality);
    }
    const teller = family.type === 'counter' ? counters : gauges;
    const finite = family.values.filter(({ value }) => Number.isFinite(value));
    return numbersOf(family, pointsOf(family, finite, teller, at), teller.temporality);
  }

  function pointsOf<Total>(
    { name }: CollectedFamily,
    series: SelfSeries<Total>[],
    teller: PointBuilder<Total>,
    at: Instant,
  ) {
    return series.flatMap(({ labels, value: total }) => {
      const names = Object.keys(labels);
      const values = Object.values(labels).map(String);
      const attributes = attributesOf(names, values, options.genAi);
      const standing = {
        family: name,
        labels: [...names, ...values],
        total,
        createdAt: options.startedAt,
        attributes,
      };
      return teller.point(standing, at) ?? [];
    });
  }

  return {
    producer: {
      async collect() {
        const families = await self.collect();
        const at = now();
        const known = families.filter(({ type }) => type !== 'summary');
        const metrics = known.map((family) => metricOf(family, at));
        const errors = families.filter((family) => !known.includes(family)).map(formless);
        return collection(
          version,
          metrics.filter(({ dataPoints }) => dataPoints.length > 0),
          errors,
        );
      },
    },
    taken(points) {
      counters.taken(points);
      histograms.taken(points);
    },
  };
}

/** One series; its value is a number or, of histograms, all that it holds. */
interface SelfSeries<Total> {
  readonly labels: CollectedValue['labels'];
  readonly value: Total;
}

function tellerOf<Total>(
  { startedAt, isDelta }: SelfProducerOptions,
  growth: (total: Total, told: Total) => Total | undefined,
): PointBuilder<Total> {
  return isDelta
    ? createDeltas({ told: [], openedAt: startedAt, from: startedAt, growth })
    : cumulativePoints(startedAt);
}

/** Nothing here is a summary; if prom-client should bring one, that must not go unnoticed. */
function formless({ name }: CollectedFamily): RangeError {
  return new RangeError(`${name} is a summary, which has no form in OTLP metrics of this exporter`);
}
