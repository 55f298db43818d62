import type { Fixed } from '../values/money.ts';
import { type Instant, startOfDay, startOfMonth } from '../values/time.ts';
import type { Delta } from './cell.ts';
import type { PeriodKind, PeriodTotalRow, SeriesRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** The days' and months' sums that the deltas of cost move, as they stand after them. */
export function updatePeriodTotals(
  book: LedgerState,
  deltas: readonly Delta[],
  row: (id: number) => SeriesRow,
): PeriodTotalRow[] {
  const periods = periodsOf(book);
  for (const { series, bucket, value } of deltas) {
    const { measure, target } = row(series);
    if (measure !== 'cost' || value === 0n) continue;
    for (const { before, after } of periods(bucket)) {
      after.set(target, (after.get(target) ?? before.get(target) ?? 0n) + value);
    }
  }
  return periods.rows();
}

interface OpenPeriod {
  readonly kind: PeriodKind;
  readonly start: Instant;
  readonly before: ReadonlyMap<number, Fixed>;
  readonly after: Map<number, Fixed>;
}

/** Finds the day and the month of a bucket, each opened once. */
function periodsOf(book: LedgerState) {
  const opened = new Map<string, OpenPeriod>();
  const byBucket = new Map<Instant, readonly OpenPeriod[]>();
  const open = (kind: PeriodKind, start: Instant): OpenPeriod => {
    const known = opened.get(`${kind} ${start}`);
    const period = known ?? {
      kind,
      start,
      before: book.periodTotals(kind, start),
      after: new Map<number, Fixed>(),
    };
    opened.set(`${kind} ${start}`, period);
    return period;
  };
  const find = (bucket: Instant): readonly OpenPeriod[] => {
    const known = byBucket.get(bucket) ?? [
      open('day', startOfDay(bucket)),
      open('month', startOfMonth(bucket)),
    ];
    byBucket.set(bucket, known);
    return known;
  };
  const rows = (): PeriodTotalRow[] =>
    [...opened.values()].flatMap(({ kind, start, after }) =>
      [...after].map(([series, value]) => ({ kind, start, series, value })),
    );
  return Object.assign(find, { rows });
}
