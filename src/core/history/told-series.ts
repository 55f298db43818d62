import type { AccountRow, SeriesRow } from '../ledger/records.ts';
import type { Metric } from '../metrics/catalog.ts';
import { seriesLabels } from '../metrics/labels.ts';
import type { Measure } from '../statement/statement.ts';
import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import type { ToldBucket } from './told-stream.ts';

/** A series of one family, with the labels that scrapes have. */
export interface HistorySeries {
  /** In the order of a scrape; an absent one is `""`. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** A counter, or the twin that counts what is taken back. */
export interface FamilyKind {
  readonly metric: Metric;
  readonly measure: Measure;
  readonly isCorrections: boolean;
}

/** What is known of a series at the instant that is told. */
export interface ToldSeries {
  readonly series: HistorySeries;
  /** One of the rows that it shows. */
  readonly row: SeriesRow;
  /** Orders the series of a stream. */
  readonly key: string;
  hasBegun: boolean;
  /** The newest sample, immutable. */
  sample: HistorySample;
}

export interface HistorySample {
  readonly series: HistorySeries;
  readonly value: Fixed;
}

/** The series of one family in one stream. */
export class ToldSeriesSet {
  readonly #kind: FamilyKind;
  readonly #account: Pick<AccountRow, 'provider' | 'name'>;
  readonly #byKey = new Map<string, ToldSeries>();
  /** Undefined for one of another measure. */
  readonly #byRow = new WeakMap<SeriesRow, ToldSeries>();

  constructor(kind: FamilyKind, account: Pick<AccountRow, 'provider' | 'name'>) {
    this.#kind = kind;
    this.#account = account;
  }

  /** What a bucket adds up to by label set, which may have several series; those of 0 are left out. */
  amountsOf({ amounts, rows }: ToldBucket): Map<ToldSeries, Fixed> {
    const sums = new Map<ToldSeries, Fixed>();
    for (const [id, amount] of amounts) {
      const row = amount === 0n ? undefined : rows.get(id);
      if (row?.measure === this.#kind.measure) addTo(sums, this.of(row), amount);
    }
    return sums;
  }

  /** The series that shows a row. */
  of(row: SeriesRow): ToldSeries {
    const known = this.#byRow.get(row);
    if (known) return known;
    const { metric } = this.#kind;
    const values = seriesLabels(metric, this.#account, row);
    const key = values.join('\0');
    const told = getOrCreate(this.#byKey, key, () => {
      const series = { labels: metric.labels.map((name, index) => [name, values[index] ?? ''] as const) };
      return { series, row, key, hasBegun: false, sample: { series, value: 0n } };
    });
    this.#byRow.set(row, told);
    return told;
  }
}
