import type { Registry } from 'prom-client';
import { type FamilyHeader, headerOf, sampleLine } from './encode.ts';
import type { Format } from './format.ts';
import { createPace, type Pace } from './pace.ts';
import type { LiveMetrics } from './page.ts';

/** Renders a prom-client registry. */
export interface LiveRenderer extends LiveMetrics {
  /** Something was counted: the next scrape must see it. */
  changed(): void;
}

interface Rendered {
  readonly revision: number;
  readonly at: number;
  readonly bytes: Promise<Buffer>;
}

/** Reading `/proc` and the heap takes about a millisecond; figures that only those move may be this old. */
const FRESH_MS = 250;
/** A scrape may not hold the event loop for a millisecond, and the percentiles of its delay alone take most of one. */
const SLICE_MS = 0.1;
/** Nor may the page of thousands of accounts take thousands of turns. */
const LONGEST_SLICE_MS = 5;
const VALUES_A_BATCH = 64;

/**
 * prom-client only counts here; its own text is not used. That would need a registry per format (its OpenMetrics output renames the
 * counters for good), writes `Nan`, knows no UNIT, leaves quotes in HELP bare and renders everything without a pause. One registry
 * also means one set of event-loop monitors.
 */
export function createLiveRenderer(registry: Registry, now?: () => number): LiveRenderer {
  return createFreshRenderer((format) => encodeRegistry(registry, format), now);
}

/** Renders anew what something was counted in since, or what is no longer fresh. */
export function createFreshRenderer(
  encode: LiveMetrics['render'],
  now: () => number = () => performance.now(),
): LiveRenderer {
  const rendered = new Map<Format, Rendered>();
  let revision = 0;
  return {
    changed() {
      revision += 1;
    },
    render(format) {
      const known = rendered.get(format);
      if (known && known.revision === revision && now() - known.at < FRESH_MS) return known.bytes;
      const bytes = encode(format);
      rendered.set(format, { revision, at: now(), bytes });
      return bytes;
    },
  };
}

/** What a registry counted in one family, as it stands. */
export interface CollectedFamily extends FamilyHeader {
  readonly values: readonly CollectedValue[];
}

/** One sample; that of a histogram has a name and, where it is a bucket, an edge `le` of its own. */
export interface CollectedValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
}

/** Reads the families of a registry that hold anything, for sinks that render them in another form. */
export async function collectRegistry(registry: Registry): Promise<CollectedFamily[]> {
  const families: CollectedFamily[] = [];
  for await (const family of familiesIn(registry, createPace(SLICE_MS, LONGEST_SLICE_MS)))
    families.push(family);
  return families;
}

async function* familiesIn(registry: Registry, pace: Pace): AsyncGenerator<CollectedFamily, void> {
  for (const { name } of registry.getMetricsAsArray()) {
    await pace();
    const metric = await registry.getSingleMetric(name)?.get();
    if (metric && metric.values.length > 0) yield metric;
  }
}

async function encodeRegistry(registry: Registry, format: Format): Promise<Buffer> {
  const pace = createPace(SLICE_MS, LONGEST_SLICE_MS);
  let text = '';
  for await (const metric of familiesIn(registry, pace)) text += await encodeMetric(metric, format, pace);
  return Buffer.from(text);
}

async function encodeMetric(metric: CollectedFamily, format: Format, pace: Pace): Promise<string> {
  let text = headerOf(metric, format);
  for (const [index, value] of metric.values.entries()) {
    if (index % VALUES_A_BATCH === 0) await pace();
    text += lineOf(metric.name, value, format);
  }
  return text;
}

function lineOf(name: string, { metricName = name, labels, value }: CollectedValue, format: Format): string {
  const names = Object.keys(labels);
  const texts = names.map((label) => labelText(label, labels[label], format));
  return sampleLine(metricName, names, texts, value);
}

/** OpenMetrics writes the whole edges of a histogram as `1.0`; text 0.0.4 as `1`. */
function labelText(name: string, value: string | number | undefined, format: Format): string {
  const canonical = format === 'openmetrics' && name === 'le' && Number.isInteger(value);
  return canonical ? `${value}.0` : String(value);
}
