import { type Fixed, fromNumber, toNumber } from '../../../src/core/values/money.ts';
import type { Exposition } from '../exposition/exposition.ts';
import type { VectorSeries } from '../programs/prometheus.ts';
import type { StoredSeries } from '../programs/victoria-metrics.ts';
import type { OtlpBody, OtlpMetric, OtlpPoint } from './otlp-metrics.ts';

/** Values by name and labels. */
export type Series = ReadonlyMap<string, number>;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** Labels that describe the origin of series, not their identity. */
const ORIGIN = /^(job|instance|service_.*|telemetry_.*|otel_scope_.*)$/;
/** Series that Prometheus adds to a scrape, and those about the origin of the page. */
const ABOUT = /^(up|scrape_.*|target_info)$/;

/** The series of a Prometheus response. */
export function seriesOfVector(vector: readonly VectorSeries[]): Series {
  return once(vector.map(({ labels, value }) => [labels, Number(value)]));
}

/** The series of a page. */
export function seriesOfPage({ families }: Pick<Exposition, 'families'>): Series {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return once(samples.map(({ name, labels, value }) => [{ ...labels, __name__: name }, value]));
}

/** The series stored in VictoriaMetrics. */
export function seriesOfStored(stored: readonly StoredSeries[]): Series {
  return once(stored.map(({ labels, value }) => [labels, value]));
}

/** The series that a backend with Prometheus naming derives from a cumulative push. */
export function seriesOfPush(requests: readonly OtlpBody[]): Series {
  return once(requests.flatMap(samplesIn));
}

/** The series after several delta pushes: sums and histograms added up, gauges by their last value. */
export function seriesOfDifferences(requests: readonly OtlpBody[]): Series {
  const totals = new Map<string, Fixed>();
  for (const metric of requests.flatMap(({ metrics }) => metrics))
    for (const [labels, value] of samplesOf(metric)) {
      const key = keyOf(labels);
      const before = metric.kind === 'gauge' ? 0n : (totals.get(key) ?? 0n);
      totals.set(key, before + fromNumber(value));
    }
  return new Map([...totals].map(([key, total]) => [key, toNumber(total)]));
}

/** The series with matching names. */
export function named(series: Series, pattern: RegExp | ((name: string) => boolean)): Series {
  const fits = pattern instanceof RegExp ? (name: string) => pattern.test(name) : pattern;
  return new Map([...series].filter(([key]) => fits(nameIn(key))));
}

/** The names of all series. */
export function namesIn(series: Series): string[] {
  return [...new Set([...series.keys()].map(nameIn))].sort();
}

/**
 * Differences as text; empty if both agree. Values may differ by the relative tolerance `within`, or by anything if `moving`
 * matches their name.
 */
export function differences(
  actual: Series,
  expected: Series,
  { within = 0, moving }: { within?: number; moving?: RegExp } = {},
): string[] {
  const found: string[] = [];
  for (const [key, value] of expected) {
    const other = actual.get(key);
    if (other === undefined) found.push(`missing: ${key} ${value}`);
    else if (!moving?.test(nameIn(key)) && Math.abs(other - value) > within * Math.abs(value))
      found.push(`different: ${key} ${other} instead of ${value}`);
  }
  for (const key of actual.keys()) if (!expected.has(key)) found.push(`too much: ${key}`);
  return found;
}

function once(samples: readonly Sample[]): Series {
  const series = new Map<string, number>();
  for (const [labels, value] of samples) {
    if (ABOUT.test(labels.__name__ ?? '')) continue;
    const key = keyOf(labels);
    if (series.has(key)) throw new Error(`twice: ${key}`);
    series.set(key, value);
  }
  return series;
}

function keyOf({ __name__ = '', ...labels }: Labels): string {
  const told = Object.entries(labels).filter(([name, value]) => value !== '' && !ORIGIN.test(name));
  return `${__name__}${JSON.stringify(Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}

function nameIn(key: string): string {
  return key.slice(0, key.indexOf('{'));
}

function samplesIn({ metrics }: OtlpBody): Sample[] {
  return metrics.flatMap(samplesOf);
}

function samplesOf(metric: OtlpMetric): Sample[] {
  const plain = metric.name.replaceAll('.', '_');
  const name = metric.kind === 'sum' && metric.monotonic ? `${plain}_total` : plain;
  return metric.points.flatMap((point) => samplesOfPoint(name, point));
}

function samplesOfPoint(name: string, { attributes, value, histogram }: OtlpPoint): Sample[] {
  const own = Object.entries(attributes).map(([key, text]) => [key.replaceAll('.', '_'), String(text)]);
  const labels = Object.fromEntries(own);
  if (!histogram) return [[{ ...labels, __name__: name }, value ?? Number.NaN]];
  let below = 0;
  const buckets = histogram.counts.map((count, index): Sample => {
    below += count;
    const le = String(histogram.bounds[index] ?? '+Inf');
    return [{ ...labels, __name__: `${name}_bucket`, le }, below];
  });
  return [
    ...buckets,
    [{ ...labels, __name__: `${name}_count` }, histogram.count],
    [{ ...labels, __name__: `${name}_sum` }, histogram.sum ?? Number.NaN],
  ];
}
