import type { SeriesQuestion, SeriesReport } from '../../../src/core/reports/cost-series.ts';
import type { CostsAccount } from '../../../src/core/reports/labels.ts';
import { formatDecimal } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { Bench } from './ledger.ts';

/** What is asked of a bench, and when. */
export interface SeriesAsked extends Partial<Omit<SeriesQuestion, 'range'>> {
  readonly from: Instant;
  readonly to: Instant;
  readonly now: Instant;
}

/** The account of {@link Bench}. */
export function benchAccount({ account }: Bench): CostsAccount {
  return { id: account, provider: 'test', account: 'prod', streams: ['usage'] };
}

export function seriesSteps(
  bench: Bench,
  { from, to, now, ...asked }: SeriesAsked,
  accounts = [benchAccount(bench)],
) {
  const defaults = { step: 'day', by: [], match: new Map(), top: undefined, measure: 'cost' } as const;
  return bench.ledger.series({ ...defaults, ...asked, range: { start: from, end: to } }, accounts, now);
}

export function seriesOf(bench: Bench, asked: SeriesAsked, accounts = [benchAccount(bench)]): SeriesReport {
  const work = seriesSteps(bench, asked, accounts);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Rows as `a/b: 1.5 0 ? = ?`, in which `?` is unknown; `other` and the total come last. */
export function rowTexts({ series, other, total }: SeriesReport): string[] {
  const text = (value: bigint | undefined) => (value === undefined ? '?' : formatDecimal(value));
  const rows = [
    ...series.map((row) => [row.labels.join('/'), row] as const),
    ...(other ? [['other', other] as const] : []),
    ['total', total] as const,
  ];
  return rows.map(([name, row]) => `${name}: ${row.values.map(text).join(' ')} = ${text(row.total)}`);
}
