import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { type Instant, startOfDay, startOfMonth } from '../values/time.ts';
import type { Delta } from './cell.ts';
import type { PeriodKind, PeriodTotalRow, SeriesRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** The totals of the days and months in which the deltas move cost. */
export function updatePeriodTotals(
  state: LedgerState,
  deltas: readonly Delta[],
  row: (id: number) => SeriesRow,
): PeriodTotalRow[] {
  const moved: Record<PeriodKind, Map<Instant, Map<number, Fixed>>> = { day: new Map(), month: new Map() };
  for (const [bucket, inBucket] of Map.groupBy(deltas, (delta) => delta.bucket)) {
    const day = getOrCreate(moved.day, startOfDay(bucket), () => new Map());
    const month = getOrCreate(moved.month, startOfMonth(bucket), () => new Map());
    for (const { series, value } of inBucket) {
      const { measure, target } = row(series);
      if (measure !== 'cost' || value === 0n) continue;
      addTo(day, target, value);
      addTo(month, target, value);
    }
  }
  return (['day', 'month'] as const).flatMap((kind) =>
    [...moved[kind]].flatMap(([start, amounts]) => {
      if (amounts.size === 0) return [];
      const before = state.periodTotals(kind, start);
      return [...amounts].map(([series, amount]) => {
        return { kind, start, series, value: (before.get(series) ?? 0n) + amount };
      });
    }),
  );
}
