import type { Fixed } from '../values/money.ts';
import { DAY, floorTo, HOUR, type Instant } from '../values/time.ts';
import type { Delta } from './cell.ts';
import type { HourlyTotalRow, SeriesRow, Store } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';

/** At the least: enough for the last 24 hours where the readings hardly lag. */
const KEPT_MS = 48 * HOUR;

/** Whether each delta of the stream lies in one hour, so that hours can be added up as they come. */
export function hasHourlyTotals({ granularities }: StreamSettings): boolean {
  return granularities.length === 1 && granularities[0] !== 'day';
}

/** The first hour that is kept at `now`: that with which the last 24 hours begin, however far the readings lag. */
export function firstHour(now: Instant, { lagMs }: Pick<StreamSettings, 'lagMs'>): Instant {
  return floorTo(HOUR, now - Math.max(KEPT_MS, lagMs + DAY));
}

/** The hours that the deltas of cost move, as they stand after them. */
export function updateHourlyTotals(
  {
    book,
    stream,
    settings,
    now,
  }: { book: LedgerState; stream: number; settings: StreamSettings; now: Instant },
  deltas: readonly Delta[],
  row: (id: number) => SeriesRow,
): HourlyTotalRow[] {
  const known = book.hourlyTotals(stream);
  const first = firstHour(now, settings);
  const sums = openSums((hour, currency) => known.get(hour)?.get(currency) ?? 0n);
  for (const { series, bucket, value } of deltas) {
    if (bucket < first || value === 0n) continue;
    const { measure, detail } = row(series);
    if (measure === 'cost') sums.add(bucket, detail, value);
  }
  return sums.rows(stream);
}

/** The hours of an account in a ledger that was written before hours were kept: counted once. */
export function missingHourlyTotals(
  book: LedgerState,
  store: Store,
  account: number,
  streams: readonly StreamSettings[],
): HourlyTotalRow[] {
  return streams.filter(hasHourlyTotals).flatMap((settings) => {
    const stream = book.streamOf(account, settings.name)?.id;
    const now = stream && book.readings(stream, settings.granularities[0], 'current').at(-1)?.asOf;
    if (stream === undefined || now === undefined || book.hourlyTotals(stream).size > 0) return [];
    return hourlyTotalsOfCells({ book, store, stream, now }, settings);
  });
}

/** The hours as the cells have them. */
export function hourlyTotalsOfCells(
  { book, store, stream, now }: { book: LedgerState; store: Store; stream: number; now: Instant },
  settings: StreamSettings,
): HourlyTotalRow[] {
  const sums = openSums(() => 0n);
  const range = { start: firstHour(now, settings), end: Number.MAX_SAFE_INTEGER };
  for (const [bucket, cells] of store.cells(stream, settings.granularities[0], range)) {
    for (const [series, { value }] of cells) {
      const row = book.series.get(series);
      if (row?.measure === 'cost') sums.add(bucket, row.detail, value);
    }
  }
  return sums.rows(stream);
}

function openSums(before: (hour: Instant, currency: string) => Fixed) {
  const hours = new Map<Instant, Map<string, Fixed>>();
  return {
    add(bucket: Instant, currency: string, value: Fixed) {
      const hour = floorTo(HOUR, bucket);
      const sums = hours.get(hour) ?? new Map<string, Fixed>();
      hours.set(hour, sums.set(currency, (sums.get(currency) ?? before(hour, currency)) + value));
    },
    rows: (stream: number): HourlyTotalRow[] =>
      [...hours].flatMap(([hour, sums]) =>
        [...sums].map(([currency, value]) => ({ stream, hour, currency, value })),
      ),
  };
}
