import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { Family, Sample, SnapshotSource } from '../../core/metrics/snapshot.ts';
import type { Instant } from '../../core/values/time.ts';
import type { CollectedFamily } from '../prometheus/collect.ts';
import { createEncoder } from '../prometheus/encode.ts';
import { Block } from '../prometheus/gzip.ts';
import { createFreshRenderer } from '../prometheus/live.ts';
import { createPace } from '../prometheus/pace.ts';
import { createPrometheusPage, type LiveMetrics, type PrometheusPage } from '../prometheus/page.ts';
import { attributesOf } from './attributes.ts';
import { hrTime, numbersOf } from './metric.ts';
import { createSelfProducer } from './self.ts';

export interface OtelPageOptions {
  readonly source: SnapshotSource;
  readonly self: { collect(): Promise<CollectedFamily[]> };
  /** Attributes of the resource: the labels of `target_info`. */
  readonly resource: Readonly<Record<string, string>>;
  readonly now: () => Instant;
  /** Of the exporter: the scope's. */
  readonly version: string;
  /** Called if a snapshot could not be rendered; the previous page is still served. */
  readonly onError?: (error: unknown) => void;
}

/**
 * The `/otel/metrics` page: what OTLP receivers get, in the format of OpenTelemetry's Prometheus exporter, always as text 0.0.4.
 * That exporter itself would serialize everything for each scrape at once, and answer 200 if that failed.
 */
export function createOtelPage(options: OtelPageOptions): PrometheusPage {
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const write = (metric: MetricData) => serialize(serializer, metric);
  const encode = createEncoder((family, samples) => withoutHeader(write(metricOf(family, samples))));
  const page = createPrometheusPage(options.source, createLive(options, write), options.onError, encode);
  return { answer: ({ acceptEncoding }) => page.answer({ acceptEncoding }), close: page.close };
}

type WriteChunk = (metric: MetricData) => string;

/** Omits units: text 0.0.4 has no line for them, and no name ends in `{USD}`. */
function serialize(serializer: PrometheusSerializer, metric: MetricData): string {
  const metrics = [{ ...metric, descriptor: { ...metric.descriptor, unit: '' } }];
  const scopeMetrics = [{ scope: NAMELESS, metrics }];
  return serializer.serialize({ resource: emptyResource(), scopeMetrics });
}

/** Scopes are not written. */
const NAMELESS = { name: '' } as const;

/** Without HELP and TYPE, which only precede the first samples of a family. */
function withoutHeader(text: string): string {
  return text.replace(/^(#.*\n)+/, '');
}

/** Times are not written. */
const TIMELESS = hrTime(0);

function metricOf(family: Family, samples: readonly Sample[]): MetricData {
  const points = samples.map(({ labels, value }) => {
    const attributes = attributesOf(family.labels, labels, false);
    return { startTime: TIMELESS, endTime: TIMELESS, attributes, value };
  });
  return numbersOf(family, points);
}

/** A scrape must not block the event loop for a millisecond. */
const LIVE_SLICE_MS = 0.1;
const LIVE_POINTS_PER_SLICE = 16;
const BLOCK_CHARACTERS = 64 * 1024;

/** The self-metrics, after the resource. */
function createLive({ self, now, version, resource }: OtelPageOptions, write: WriteChunk): LiveMetrics {
  const { producer } = createSelfProducer({
    self,
    now,
    version,
    startedAt: now(),
    genAi: false,
    isDelta: false,
  });
  const target = targetInfo(resource);
  return createFreshRenderer(async () => {
    const { resourceMetrics, errors } = await producer.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'the self-metrics have no form for this page');
    const pace = createPace(LIVE_SLICE_MS);
    const blocks: Block[] = [];
    let text = target;
    for (const metric of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
      for (const [index, slice] of slicesOf(metric).entries()) {
        await pace();
        text += index === 0 ? write(slice) : withoutHeader(write(slice));
        if (text.length < BLOCK_CHARACTERS) continue;
        blocks.push(new Block(Buffer.from(text)));
        text = '';
      }
    }
    return [...blocks, new Block(Buffer.from(text))];
  });
}

/** Without the serializer's comment that no metrics are registered. */
function targetInfo(attributes: OtelPageOptions['resource']): string {
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  const resource = resourceFromAttributes(labelsOf(attributes));
  return serializer.serialize({ resource, scopeMetrics: [] }).replace(/#.*$/, '');
}

/** The library's own label names may begin with a digit or be duplicates, which makes scrapes fail: https://github.com/open-telemetry/opentelemetry-specification/blob/main/specification/compatibility/prometheus_and_openmetrics.md */
function labelsOf(attributes: OtelPageOptions['resource']): Record<string, string> {
  const byLabel = Map.groupBy(Object.keys(attributes).sort(), (name) =>
    name.replaceAll(/[^a-zA-Z0-9]+/g, '_').replace(/^(?=\d|$)/, '_'),
  );
  return Object.fromEntries(
    [...byLabel].map(([label, names]) => [label, names.map((name) => attributes[name]).join(';')]),
  );
}

function slicesOf(metric: MetricData): MetricData[] {
  const slices = Math.ceil(metric.dataPoints.length / LIVE_POINTS_PER_SLICE);
  return Array.from({ length: slices }, (_, index) => {
    const from = index * LIVE_POINTS_PER_SLICE;
    return Object.assign(
      { ...metric },
      { dataPoints: metric.dataPoints.slice(from, from + LIVE_POINTS_PER_SLICE) },
    );
  });
}
