import type { Registry } from 'prom-client';
import { type FamilyHeader, headerOf, sampleLine } from './encode.ts';
import type { Format } from './format.ts';
import { createPace, type Pace } from './pace.ts';
import type { LiveMetrics } from './page.ts';

/** A registry whose text is kept until something is counted in it. */
export interface PagePart {
  readonly registry: Registry;
  /** Another whenever something was counted. Missing: what it holds moves by itself. */
  readonly revision: number | undefined;
}

/** Renders prom-client registries. */
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
const LONGEST_SLICE_MS = 20;
const VALUES_A_BATCH = 64;
/** Between scrapes, what changed is brought up to date this often, so that a scrape has to wait for little. */
const REFRESH_MS = 500;

/**
 * prom-client only counts here; its own text is not used. That would need registries per format (its OpenMetrics output renames the
 * counters for good), writes `Nan`, knows no UNIT, leaves quotes in HELP bare and renders everything without a pause. One set
 * of registries also means one of event-loop monitors.
 */
export function createLiveRenderer(parts: () => Iterable<PagePart>, now?: () => number): LiveRenderer {
  const encoder = createRegistryEncoder(parts);
  const { render, changed } = createFreshRenderer(encoder.encode, now);
  let isDue = false;
  const refresh = async () => {
    isDue = false;
    // What cannot be encoded is told by the scrape.
    await encoder.refresh().catch(() => undefined);
  };
  return {
    render,
    changed() {
      changed();
      if (!isDue) setTimeout(() => void refresh(), REFRESH_MS).unref();
      isDue = true;
    },
  };
}

/**
 * Renders anew what something was counted in since, or what is no longer fresh; one rendering of a format at a time, so that those who
 * ask meanwhile share the next.
 */
export function createFreshRenderer(
  encode: LiveMetrics['render'],
  now: () => number = () => performance.now(),
): LiveRenderer {
  const rendered = new Map<Format, Rendered>();
  const running = new Map<Format, Promise<Buffer>>();
  const queued = new Map<Format, Promise<Buffer>>();
  let revision = 0;
  const isFresh = ({ revision: of, at }: Rendered) => of === revision && now() - at < FRESH_MS;
  const begin = (format: Format): Promise<Buffer> => {
    const bytes = encode(format);
    rendered.set(format, { revision, at: now(), bytes });
    running.set(format, bytes);
    const ended = () => running.delete(format);
    bytes.then(ended, ended);
    return bytes;
  };
  const beginLater = async (format: Format, before: Promise<Buffer>): Promise<Buffer> => {
    await before.catch(() => undefined);
    queued.delete(format);
    return begin(format);
  };
  return {
    changed() {
      revision += 1;
    },
    render(format) {
      const known = rendered.get(format);
      if (known && isFresh(known)) return known.bytes;
      const before = running.get(format);
      const bytes = queued.get(format) ?? (before ? beginLater(format, before) : begin(format));
      if (before) queued.set(format, bytes);
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

/** Reads the families of registries that hold anything, for sinks that render them in another form. */
export async function collectParts(parts: Iterable<PagePart>): Promise<CollectedFamily[]> {
  const pace = createPace(SLICE_MS, LONGEST_SLICE_MS);
  const families = new Map<string, { family: CollectedFamily; values: CollectedValue[] }>();
  for (const { registry } of parts) {
    for await (const family of familiesIn(registry, pace)) {
      const known = families.get(family.name) ?? { family, values: [] };
      families.set(family.name, known);
      for (const value of family.values) known.values.push(value);
    }
  }
  return [...families.values()].map(({ family: { name, type, help }, values }) => ({
    name,
    type,
    help,
    values,
  }));
}

async function* familiesIn(registry: Registry, pace: Pace): AsyncGenerator<CollectedFamily, void> {
  for (const { name } of registry.getMetricsAsArray()) {
    await pace();
    const metric = await registry.getSingleMetric(name)?.get();
    if (metric && metric.values.length > 0) yield metric;
  }
}

/** The lines of a family of one part: in both formats the same, except for a histogram's edges. */
interface Block extends Readonly<Record<Format, Buffer>> {
  readonly family: FamilyHeader;
}

interface EncodedPart {
  readonly revision: number | undefined;
  readonly blocks: readonly Block[];
}

/** Families stand in the order in which parts first show them; lines of parts that did not change are kept. */
function createRegistryEncoder(parts: () => Iterable<PagePart>) {
  const known = new WeakMap<Registry, EncodedPart>();
  const blocksOf = async ({ registry, revision }: PagePart, pace: Pace): Promise<readonly Block[]> => {
    const last = known.get(registry);
    if (last && revision !== undefined && last.revision === revision) return last.blocks;
    const blocks: Block[] = [];
    for await (const family of familiesIn(registry, pace)) blocks.push(await blockOf(family, pace));
    known.set(registry, { revision, blocks });
    return blocks;
  };
  return {
    async encode(format: Format): Promise<Buffer> {
      const pace = createPace(SLICE_MS, LONGEST_SLICE_MS);
      const families = new Map<string, Buffer[]>();
      for (const part of parts()) {
        for (const { family, [format]: lines } of await blocksOf(part, pace)) {
          const chunks = families.get(family.name) ?? [Buffer.from(headerOf(family, format))];
          families.set(family.name, chunks);
          chunks.push(lines);
        }
      }
      return Buffer.concat([...families.values()].flat());
    },
    /** Encodes the parts that changed, for those who ask next. */
    async refresh(): Promise<void> {
      const pace = createPace();
      for (const part of parts()) if (part.revision !== undefined) await blocksOf(part, pace);
    },
  };
}

async function blockOf(family: CollectedFamily, pace: Pace): Promise<Block> {
  const { name, type, help } = family;
  const text = Buffer.from(await linesOf(family, 'text', pace));
  const openmetrics = type === 'histogram' ? Buffer.from(await linesOf(family, 'openmetrics', pace)) : text;
  return { family: { name, type, help }, text, openmetrics };
}

async function linesOf({ name, values }: CollectedFamily, format: Format, pace: Pace): Promise<string> {
  let text = '';
  for (const [index, value] of values.entries()) {
    if (index % VALUES_A_BATCH === 0) await pace();
    text += lineOf(name, value, format);
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
