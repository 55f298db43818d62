import type { Registry } from 'prom-client';
import { type CollectedFamily, type CollectedValue, familiesIn } from './collect.ts';
import { type FamilyHeader, sampleLine } from './encode.ts';
import type { Format } from './format.ts';
import type { Pace } from './pace.ts';

/** The lines of a family of one registry: the same in both formats, except for a histogram's edges. */
export interface FamilyLines extends Readonly<Record<Format, Buffer>> {
  readonly family: FamilyHeader;
}

const VALUES_PER_BATCH = 64;

/** Encodes each family of a registry, without HELP and TYPE; reuses the buffers of unchanged families in `last`. */
export async function encodeRegistry(
  registry: Registry,
  pace: Pace,
  last: readonly FamilyLines[] = [],
): Promise<FamilyLines[]> {
  const encoded: FamilyLines[] = [];
  for await (const family of familiesIn(registry, pace)) {
    const before = last.find((lines) => lines.family.name === family.name);
    encoded.push(await encodeFamily(family, pace, before));
  }
  return encoded;
}

async function encodeFamily(
  family: CollectedFamily,
  pace: Pace,
  last: FamilyLines | undefined,
): Promise<FamilyLines> {
  const { name, type, help } = family;
  const text = Buffer.from(await linesOf(family, 'text', pace));
  if (last?.text.equals(text)) return last;
  const openmetrics = type === 'histogram' ? Buffer.from(await linesOf(family, 'openmetrics', pace)) : text;
  return { family: { name, type, help }, text, openmetrics };
}

async function linesOf({ name, values }: CollectedFamily, format: Format, pace: Pace): Promise<string> {
  let text = '';
  for (const [index, value] of values.entries()) {
    if (index % VALUES_PER_BATCH === 0) await pace();
    text += lineOf(name, value, format);
  }
  return text;
}

function lineOf(name: string, { metricName = name, labels, value }: CollectedValue, format: Format): string {
  const names = Object.keys(labels);
  const texts = names.map((label) => labelText(label, labels[label], format));
  return sampleLine(metricName, names, texts, value);
}

/** OpenMetrics writes integral histogram edges as `1.0`, text 0.0.4 as `1`. */
function labelText(name: string, value: string | number | undefined, format: Format): string {
  const canonical = format === 'openmetrics' && name === 'le' && Number.isInteger(value);
  return canonical ? `${value}.0` : String(value);
}
