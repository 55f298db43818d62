import type { Registry } from 'prom-client';
import type { FamilyHeader } from './encode.ts';
import { createPace, type Pace } from './pace.ts';

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

/** A scrape may not hold the event loop for a millisecond, and the percentiles of its delay alone take most of one. */
const SLICE_MS = 0.1;
/** Nor may the page of thousands of accounts take thousands of turns. */
const MAX_SLICE_MS = 20;

/** The pace of work that a scrape waits for. */
export function createScrapePace(): Pace {
  return createPace(SLICE_MS, MAX_SLICE_MS);
}

/** Reads the families of registries that hold anything, for sinks that render them in another form. */
export async function collectRegistries(registries: Iterable<Registry>): Promise<CollectedFamily[]> {
  const pace = createScrapePace();
  const families = new Map<string, { family: CollectedFamily; values: CollectedValue[] }>();
  for (const registry of registries) {
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

/** The families of one registry that hold anything. */
export async function* familiesIn(registry: Registry, pace: Pace): AsyncGenerator<CollectedFamily, void> {
  for (const { name } of registry.getMetricsAsArray()) {
    await pace();
    const metric = await registry.getSingleMetric(name)?.get();
    if (metric && metric.values.length > 0) yield metric;
  }
}
