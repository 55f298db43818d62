import type { MetricType } from '../../core/metrics/catalog.ts';
import type { Family, Sample, Snapshot } from '../../core/metrics/snapshot.ts';
import type { Format } from './format.ts';
import { createPace, type Pace } from './pace.ts';

/** A page, or a part of one, as bytes in the order to write them. */
export type Chunks = readonly Buffer[];

/** One snapshot in both formats, which share the bytes of samples. */
export type EncodedSnapshot = Readonly<Record<Format, Chunks>>;

/** The header of a family. prom-client's process metrics have one type more than the catalogue. */
export interface FamilyHeader {
  readonly name: string;
  readonly type: MetricType | 'summary';
  readonly help: string;
}

/** Units for UNIT lines: Prometheus rejects a page whose unit is not the suffix of the name. */
const UNITS = ['usd', 'seconds', 'bytes', 'ratio'] as const;
/** One batch takes well under a millisecond. */
const SAMPLES_PER_BATCH = 256;
/** Thousands of accounts have many batches, which must not take many iterations of a busy event loop. */
const SLICE_MS = 2;
const MAX_SLICE_MS = 20;
/** Smaller neighbors are joined, so that a page of few series is one write; both formats share larger ones. */
const CHUNK_BYTES = 16 * 1024;

/** Encodes consecutive samples of a family as lines, the same in both formats. */
export type Lines = (family: Family, samples: readonly Sample[]) => string;

/** Encodes snapshots. */
export type Encoder = (snapshot: Snapshot, pace?: Pace) => Promise<EncodedSnapshot>;

/** Consecutive samples of one family, and their lines. */
interface Batch {
  readonly samples: readonly Sample[];
  readonly bytes: Buffer;
}

/**
 * Encodes snapshots without `# EOF`, pausing between batches. Omits families without samples. Reuses the bytes of batches with the
 * same samples as before.
 */
export function createEncoder(lines: Lines = linesOf): Encoder {
  const known = new Map<string, readonly Batch[]>();
  return async (snapshot, pace = createPace(SLICE_MS, MAX_SLICE_MS)) => {
    const text: Buffer[] = [];
    const openmetrics: Buffer[] = [];
    for (const family of snapshot.families) {
      if (family.samples.length === 0) continue;
      text.push(Buffer.from(headerOf(family, 'text')));
      openmetrics.push(Buffer.from(headerOf(family, 'openmetrics')));
      const batches: Batch[] = [];
      for (let from = 0; from < family.samples.length; from += SAMPLES_PER_BATCH) {
        const samples = family.samples.slice(from, from + SAMPLES_PER_BATCH);
        const last = known.get(family.name)?.[batches.length];
        const isKnown = last && isSame(last.samples, samples);
        const batch = isKnown ? last : { samples, bytes: Buffer.from(lines(family, samples)) };
        batches.push(batch);
        text.push(batch.bytes);
        openmetrics.push(batch.bytes);
        await pace();
      }
      known.set(family.name, batches);
    }
    return { text: joined(text), openmetrics: joined(openmetrics) };
  };
}

/** Encodes one snapshot. */
export function encodeSnapshot(snapshot: Snapshot, pace?: Pace): Promise<EncodedSnapshot> {
  return createEncoder()(snapshot, pace);
}

function isSame(a: readonly Sample[], b: readonly Sample[]): boolean {
  return a.length === b.length && a.every((sample, index) => sample === b[index]);
}

function linesOf({ name, labels }: Family, samples: readonly Sample[]): string {
  let lines = '';
  for (const sample of samples) lines += sampleLine(name, labels, sample.labels, sample.value);
  return lines;
}

/** HELP, TYPE and, in OpenMetrics if the name ends in one, UNIT of a family. */
export function headerOf(family: FamilyHeader, format: Format): string {
  if (format === 'text') {
    return `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
  }
  const name = family.type === 'counter' ? family.name.replace(/_total$/, '') : family.name;
  const unit = UNITS.find((one) => name.endsWith(`_${one}`));
  const help = `# HELP ${name} ${quoted(family.help)}\n# TYPE ${name} ${family.type}\n`;
  return unit ? `${help}# UNIT ${name} ${unit}\n` : help;
}

/** One line of either format. `name` is the sample's, with `_total`, `_bucket` and the like. */
export function sampleLine(
  name: string,
  labels: readonly string[],
  values: readonly string[],
  value: number,
): string {
  return `${seriesText(name, labels, values)} ${formatValue(value)}\n`;
}

/** What a line begins with: `name{label="value"}`. */
export function seriesText(name: string, labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return name;
  let text = `${name}{${labels[0]}="${quoted(values[0] ?? '')}"`;
  for (let index = 1; index < labels.length; index += 1) {
    text += `,${labels[index]}="${quoted(values[index] ?? '')}"`;
  }
  return `${text}}`;
}

/** The shortest decimal that reads back as the same double. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

const SPECIAL = /[\\\n"]/;

function quoted(text: string): string {
  return SPECIAL.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function joined(buffers: readonly Buffer[]): Buffer[] {
  const chunks: Buffer[] = [];
  let small: Buffer[] = [];
  const close = (): void => {
    if (small.length > 0) chunks.push(Buffer.concat(small));
    small = [];
  };
  for (const buffer of buffers) {
    if (buffer.length < CHUNK_BYTES) {
      small.push(buffer);
      continue;
    }
    close();
    chunks.push(buffer);
  }
  close();
  return chunks;
}
