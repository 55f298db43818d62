import type { Registry } from 'prom-client';
import type { FamilyHeader } from './encode.ts';
import { createPace, type Pace } from './pace.ts';

/** The current values of one family of a registry. */
export interface CollectedFamily extends FamilyHeader {
  readonly values: readonly CollectedValue[];
}

/** One sample; a histogram's has a name and, for a bucket, an edge `le` of its own. */
export interface CollectedValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
}

/** A scrape must not block the event loop for a millisecond, and computing its delay percentiles takes most of one. */
const SLICE_MS = 0.1;
/** The page of thousands of accounts must not take thousands of iterations of the event loop. */
const MAX_SLICE_MS = 20;

/** The pace of work that a scrape waits for. */
export function createScrapePace(): Pace {
  return createPace(SLICE_MS, MAX_SLICE_MS);
}

/** Collects the families of registries that have values, for sinks with another format. */
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

/** The families of one registry that have values. */
export async function* familiesIn(registry: Registry, pace: Pace): AsyncGenerator<CollectedFamily, void> {
  for (const { name } of registry.getMetricsAsArray()) {
    await pace();
    const metric = await registry.getSingleMetric(name)?.get();
    if (metric && metric.values.length > 0) yield metric;
  }
}
