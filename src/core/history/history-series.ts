import type { AccountRow, SeriesRow } from '../ledger/records.ts';
import type { Metric } from '../metrics/catalog.ts';
import { seriesLabels } from '../metrics/labels.ts';
import type { Measure } from '../statement/statement.ts';
import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import type { HistoryBucket } from './stream-history.ts';

/** A series of one family, with the labels that scrapes have. */
export interface HistorySeries {
  /** In the order of a scrape; an absent one is `""`. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** A counter, or the counter of its corrections. */
export interface FamilyKind {
  readonly metric: Metric;
  readonly measure: Measure;
  readonly isCorrections: boolean;
}

/** A series at the instant that has been reached. */
export interface SeriesState {
  readonly series: HistorySeries;
  /** One of the rows that have its labels. */
  readonly row: SeriesRow;
  /** Series of a stream are sorted by it. */
  readonly key: string;
  hasBegun: boolean;
  /** The newest sample. It is replaced, never changed. */
  sample: HistorySample;
}

export interface HistorySample {
  readonly series: HistorySeries;
  readonly value: Fixed;
}

/** The series of one family in one stream. */
export class SeriesStates {
  readonly #kind: FamilyKind;
  readonly #account: Pick<AccountRow, 'provider' | 'name'>;
  readonly #byKey = new Map<string, SeriesState>();
  readonly #byRow = new WeakMap<SeriesRow, SeriesState>();

  constructor(kind: FamilyKind, account: Pick<AccountRow, 'provider' | 'name'>) {
    this.#kind = kind;
    this.#account = account;
  }

  /** The amounts of a bucket, added up by label set and without those of 0: a label set may have several rows. */
  amountsOf({ amounts, rows }: HistoryBucket): Map<SeriesState, Fixed> {
    const sums = new Map<SeriesState, Fixed>();
    for (const [id, amount] of amounts) {
      const row = amount === 0n ? undefined : rows.get(id);
      if (row?.measure === this.#kind.measure) addTo(sums, this.of(row), amount);
    }
    return sums;
  }

  /** The series with the labels of a row. */
  of(row: SeriesRow): SeriesState {
    const known = this.#byRow.get(row);
    if (known) return known;
    const { metric } = this.#kind;
    const values = seriesLabels(metric, this.#account, row);
    const key = values.join('\0');
    const state = getOrCreate(this.#byKey, key, () => {
      const series = { labels: metric.labels.map((name, index) => [name, values[index] ?? ''] as const) };
      return { series, row, key, hasBegun: false, sample: { series, value: 0n } };
    });
    this.#byRow.set(row, state);
    return state;
  }
}
