import type { History, HistoryFamily } from '../core/history/history.ts';
import type { HistorySample } from '../core/history/history-series.ts';
import type { HistoryTick } from '../core/history/ticks.ts';
import { getOrCreate } from '../core/values/maps.ts';
import { toNumber } from '../core/values/money.ts';
import { type Instant, isoDay, type Range, startOfMonth } from '../core/values/time.ts';
import type { SeriesLabels, WriteSample } from '../push/remote-write/sample.ts';
import type { ProgressView } from '../runtime/progress.ts';

/** What was written. */
export class SampleCounts {
  /** Of each family: a counter and its twin share them. */
  readonly #series = new Map<HistoryFamily, Set<HistorySample['series']>>();
  #samples = 0;
  #first: Instant | undefined;
  #last: Instant | undefined;

  add(family: HistoryFamily, { at, samples }: HistoryTick): void {
    const known = getOrCreate(this.#series, family, () => new Set());
    for (const { series } of samples) known.add(series);
    this.#samples += samples.length;
    this.#first = Math.min(at, this.#first ?? at);
    this.#last = Math.max(at, this.#last ?? at);
  }

  get series(): number {
    return this.#series.values().reduce((sum, { size }) => sum + size, 0);
  }

  get samples(): number {
    return this.#samples;
  }

  /** The instants of the first and the last sample; undefined without samples. */
  get span(): Range | undefined {
    const [start, end] = [this.#first, this.#last];
    return start === undefined || end === undefined ? undefined : { start, end };
  }
}

/** The history, which counts its samples as they are taken, and shows how far that has come in all of its `parts`. */
export function countedHistory(
  history: History,
  counts: SampleCounts,
  { progress, parts }: { readonly progress: ProgressView; readonly parts: number },
): History {
  const { families } = history;
  const total = families.length * parts;
  let done = 0;
  const counted = families.map(
    (family): HistoryFamily => ({
      ...family,
      *samples(part) {
        progress.update(PROGRESS, done, total);
        for (const tick of family.samples(part)) {
          if (tick) counts.add(family, tick);
          yield tick;
        }
        done += 1;
        progress.update(PROGRESS, done, total);
      },
    }),
  );
  return { ...history, families: counted };
}

/** Names the bar. */
const PROGRESS = 'writing history';

/** A part of a range, and the UTC month it lies in, such as `2026-10`. */
export interface MonthPart extends Range {
  readonly month: string;
}

/** The parts of a range in each UTC month. */
export function monthsIn({ start, end }: Range): MonthPart[] {
  const parts: MonthPart[] = [];
  for (let at = start; at < end; at = startOfMonth(at, 1))
    parts.push({ start: at, end: Math.min(end, startOfMonth(at, 1)), month: isoDay(at).slice(0, 7) });
  return parts;
}

/** All samples as remote write sends them. `undefined` is a pause. */
export function* writeSamples(
  { families }: History,
  range: Range,
  labels: SeriesLabels,
): Generator<WriteSample | undefined> {
  for (const family of families) {
    const { metric } = family;
    const known = new Map<HistorySample['series'], SeriesLabels>();
    const labelsOf = (series: HistorySample['series']) => {
      const found = known.get(series) ?? sorted([['__name__', metric.name], ...series.labels, ...labels]);
      known.set(series, found);
      return found;
    };
    for (const tick of family.samples(range)) {
      if (!tick) yield undefined;
      else
        for (const { series, value } of tick.samples)
          yield { labels: labelsOf(series), at: tick.at, value: toNumber(value) };
    }
  }
}

function sorted(labels: SeriesLabels): SeriesLabels {
  // An empty label is as good as absent.
  const present = labels.filter(([, value]) => value !== '');
  return present.sort(([a], [b]) => (a < b ? -1 : 1));
}
