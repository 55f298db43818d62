/**
 * A strict parser of expositions: what `promtool check metrics` accepts (duplicate series, interleaved families, a unit that is
 * no suffix) fails here.
 *
 * Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
import {
  type ExpositionFormat,
  type Labels,
  type MetaLine,
  parseMeta,
  parseNumber,
  parseSample,
  type SampleLine,
} from './exposition-line.ts';

export type { ExpositionFormat, Labels, SampleLine };

const TYPES = {
  text: ['counter', 'gauge', 'histogram', 'summary', 'untyped'],
  openmetrics: ['counter', 'gauge', 'histogram', 'summary', 'unknown', 'info', 'stateset', 'gaugehistogram'],
} as const;

export type ExpositionType = (typeof TYPES)['text' | 'openmetrics'][number];

/** Allowed suffixes of sample names, by type; the first is required. */
const SUFFIXES: Record<ExpositionFormat, Partial<Record<ExpositionType, readonly string[]>>> = {
  text: { histogram: ['_bucket', '_sum', '_count'], summary: ['', '_sum', '_count'] },
  openmetrics: {
    counter: ['_total', '_created'],
    histogram: ['_bucket', '_sum', '_count', '_created'],
    gaugehistogram: ['_bucket', '_gsum', '_gcount'],
    summary: ['', '_sum', '_count', '_created'],
    info: ['_info'],
  },
};

/** An exposed family. In OpenMetrics a counter's name lacks `_total`. */
export interface ExposedFamily {
  readonly name: string;
  readonly type: ExpositionType;
  readonly help: string;
  readonly unit: string | undefined;
  readonly samples: readonly SampleLine[];
}

/** A valid page. */
export interface Exposition {
  readonly families: ReadonlyMap<string, ExposedFamily>;
  /** The only sample of that name (suffix included) and exactly those labels, empty ones omitted; undefined if there is no such sample. */
  value(name: string, labels?: Labels): number | undefined;
}

interface OpenFamily {
  readonly name: string;
  readonly meta: Map<MetaLine['keyword'], string>;
  readonly samples: SampleLine[];
}

/**
 * Reads a whole page.
 *
 * @throws {SyntaxError} naming the line, on any violation of the format.
 */
export function parseExposition(page: string | Uint8Array, format: ExpositionFormat): Exposition {
  const lines = linesOf(page, format);
  const open = new Map<string, OpenFamily>();
  let current: OpenFamily | undefined;
  lines.forEach((line, index) => {
    try {
      if (line.startsWith('#')) current = takeMeta(parseMeta(line, format), current, open);
      else takeSample(parseSample(line, format), current, format);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SyntaxError(`line ${index + 1}: ${reason}: ${line.slice(0, 200)}`);
    }
  });
  const families = new Map([...open].map(([name, family]) => [name, closed(family, format)]));
  const series = seriesOf(families);
  return { families, value: (name, labels = {}) => series.get(seriesKey(name, labels)) };
}

function linesOf(page: string | Uint8Array, format: ExpositionFormat): string[] {
  const text =
    typeof page === 'string' ? page : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(page);
  if (!text.isWellFormed()) throw new SyntaxError('lone surrogate');
  if (text !== '' && !text.endsWith('\n')) throw new SyntaxError('the last line is not ended');
  const lines = text.split('\n').slice(0, -1);
  if (format === 'openmetrics' && lines.pop() !== '# EOF')
    throw new SyntaxError('the page does not end with # EOF');
  return lines;
}

function takeMeta(
  meta: MetaLine,
  current: OpenFamily | undefined,
  open: Map<string, OpenFamily>,
): OpenFamily {
  if (current?.name === meta.name) {
    if (current.meta.has(meta.keyword)) throw new SyntaxError(`second ${meta.keyword}`);
    if (current.samples.length > 0) throw new SyntaxError(`${meta.keyword} behind samples`);
    current.meta.set(meta.keyword, meta.text);
    return current;
  }
  if (open.has(meta.name)) throw new SyntaxError('the family was closed before');
  const next: OpenFamily = { name: meta.name, meta: new Map([[meta.keyword, meta.text]]), samples: [] };
  open.set(meta.name, next);
  return next;
}

function takeSample(sample: SampleLine, family: OpenFamily | undefined, format: ExpositionFormat): void {
  const type = typeOf(family?.meta.get('TYPE'), format);
  if (!family?.meta.has('HELP')) throw new SyntaxError('sample without HELP');
  const suffixes = SUFFIXES[format][type] ?? [''];
  const suffix = suffixes.find((one) => family.name + one === sample.name);
  if (suffix === undefined) throw new SyntaxError(`${type} ${family.name} has no such sample`);
  if (isCumulative(type, suffix) && !(sample.value >= 0)) throw new SyntaxError('negative or NaN counter');
  if (suffix === '_bucket') parseNumber(sample.labels.le ?? '');
  family.samples.push(sample);
}

function isCumulative(type: ExpositionType, suffix: string): boolean {
  if (type === 'counter') return true;
  return suffix === '_bucket' || suffix === '_count';
}

function typeOf(text: string | undefined, format: ExpositionFormat): ExpositionType {
  const type = TYPES[format].find((one) => one === text);
  if (!type) throw new SyntaxError(text === undefined ? 'sample without TYPE' : `unknown type ${text}`);
  return type;
}

function closed(family: OpenFamily, format: ExpositionFormat): ExposedFamily {
  const { name, meta, samples } = family;
  const help = meta.get('HELP');
  if (help === undefined) throw new SyntaxError(`${name} has no HELP`);
  const type = typeOf(meta.get('TYPE'), format);
  const unit = meta.get('UNIT');
  if (unit !== undefined && format === 'text') throw new SyntaxError(`${name}: text 0.0.4 has no UNIT`);
  if (unit !== undefined && !name.endsWith(`_${unit}`))
    throw new SyntaxError(`${name}: ${unit} is no suffix`);
  if (type === 'counter' && format === 'openmetrics' && name.endsWith('_total')) {
    throw new SyntaxError(`${name}: the family of a counter is named without _total`);
  }
  if (type === 'histogram') checkHistogram(name, samples);
  return { name, type, help, unit, samples };
}

/** The samples of a histogram are contiguous, and its buckets rise to `+Inf`, which equals the count. */
function checkHistogram(name: string, samples: readonly SampleLine[]): void {
  const metrics = new Map<string, SampleLine[]>();
  let last: string | undefined;
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = seriesKey('', labels);
    if (key !== last && metrics.has(key)) throw new SyntaxError(`${name}: interleaved metrics`);
    metrics.set(key, [...(metrics.get(key) ?? []), sample]);
    last = key;
  }
  for (const metric of metrics.values()) checkBuckets(name, metric);
}

function checkBuckets(name: string, metric: readonly SampleLine[]): void {
  const buckets = metric.filter((sample) => sample.name === `${name}_bucket`);
  const count = metric.find((sample) => sample.name === `${name}_count`)?.value;
  if (!metric.some((sample) => sample.name === `${name}_sum`)) throw new SyntaxError(`${name}: no _sum`);
  buckets.reduce((below, bucket) => {
    const rises = edgeOf(bucket) > edgeOf(below) && bucket.value >= below.value;
    if (!rises) throw new SyntaxError(`${name}: the buckets do not rise`);
    return bucket;
  });
  const top = buckets.at(-1);
  if (!top || edgeOf(top) !== Infinity || top.value !== count)
    throw new SyntaxError(`${name}: +Inf is not the count`);
}

function edgeOf(bucket: SampleLine): number {
  return parseNumber(bucket.labels.le ?? '');
}

function seriesOf(families: ReadonlyMap<string, ExposedFamily>): Map<string, number> {
  const values = new Map<string, number>();
  const times = new Map<string, number>();
  for (const sample of [...families.values()].flatMap((family) => family.samples)) {
    const key = seriesKey(sample.name, sample.labels);
    const before = times.get(key);
    const follows = before !== undefined && sample.timestamp !== undefined && sample.timestamp > before;
    if (values.has(key) && !follows) throw new SyntaxError(`duplicate series ${key}`);
    values.set(key, sample.value);
    if (sample.timestamp !== undefined) times.set(key, sample.timestamp);
  }
  return values;
}

/** Prometheus treats an empty label as absent. */
function seriesKey(name: string, labels: Labels): string {
  const present = Object.entries(labels).filter(([, value]) => value !== '');
  return `${name}${JSON.stringify(present.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
