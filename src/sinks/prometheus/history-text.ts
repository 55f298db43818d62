import type { History, HistoryFamily } from '../../core/history/history.ts';
import type { HistorySample } from '../../core/history/history-series.ts';
import type { HistoryTick } from '../../core/history/ticks.ts';
import { formatDecimal } from '../../core/values/money.ts';
import { type Range, SECOND } from '../../core/values/time.ts';
import { headerOf, seriesText } from './encode.ts';

export interface HistoryTextOptions {
  readonly part: Range;
  /** Labels that Prometheus adds to what it scrapes, such as `job` and `instance`. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

const CHUNK_CHARACTERS = 64 * 1024;

/**
 * A part of a history in OpenMetrics 1.0 with timestamps, with the exact amounts. All chunks except the last have at least 64 kB;
 * undefined is a pause of a moment. Families without samples are left out.
 */
export function* historyText(
  { families }: History,
  { part, labels }: HistoryTextOptions,
): Generator<string | undefined, void> {
  let text = '';
  for (const family of families) {
    const lines = new HistoryLines(family, labels);
    for (const tick of family.samples(part)) {
      if (!tick) {
        yield undefined;
        continue;
      }
      text += lines.of(tick);
      if (text.length < CHUNK_CHARACTERS) continue;
      yield text;
      text = '';
    }
  }
  yield `${text}# EOF\n`;
}

/** The lines of one family. */
class HistoryLines {
  readonly #family: HistoryFamily;
  readonly #external: HistoryTextOptions['labels'];
  /** What the lines of a sample begin with: one is repeated until its series moves. */
  readonly #beginnings = new WeakMap<HistorySample, string>();
  readonly #series = new WeakMap<HistorySample['series'], string>();
  #isBegun = false;

  constructor(family: HistoryFamily, external: HistoryTextOptions['labels']) {
    this.#family = family;
    this.#external = external;
  }

  of({ at, samples }: HistoryTick): string {
    const end = ` ${at / SECOND}\n`;
    let text = this.#isBegun ? '' : headerOf(this.#family.metric, 'openmetrics');
    this.#isBegun = true;
    for (const sample of samples) text += this.#beginningOf(sample) + end;
    return text;
  }

  #beginningOf(sample: HistorySample): string {
    const known = this.#beginnings.get(sample);
    if (known !== undefined) return known;
    const text = `${this.#seriesText(sample.series)} ${formatDecimal(sample.value)}`;
    this.#beginnings.set(sample, text);
    return text;
  }

  #seriesText(series: HistorySample['series']): string {
    const known = this.#series.get(series);
    if (known !== undefined) return known;
    const labels = [...series.labels, ...this.#external];
    const names = labels.map(([name]) => name);
    const values = labels.map(([, value]) => value);
    const text = seriesText(this.#family.metric.name, names, values);
    this.#series.set(series, text);
    return text;
  }
}
