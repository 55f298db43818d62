import type { Fixed } from '../values/money.ts';
import { DAY, floorTo, HOUR, type Instant } from '../values/time.ts';
import type { Delta } from './cell.ts';
import type { HourRow, SeriesRow, Store } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { Book } from './state.ts';

/** At the least: enough for the last 24 hours where the readings hardly lag. */
const KEPT_MS = 48 * HOUR;

/** Whether each delta of the stream lies in one hour, so that hours can be added up as they come. */
export function hasHours({ granularities }: StreamSettings): boolean {
  return granularities.length === 1 && granularities[0] !== 'day';
}

/** The first hour that is kept at `now`: that with which the last 24 hours begin, however far the readings lag. */
export function firstHour(now: Instant, { lagMs }: Pick<StreamSettings, 'lagMs'>): Instant {
  return floorTo(HOUR, now - Math.max(KEPT_MS, lagMs + DAY));
}

/** The hours that the deltas of cost move, as they stand after them. */
export function hourRows(
  { book, stream, settings, now }: { book: Book; stream: number; settings: StreamSettings; now: Instant },
  deltas: readonly Delta[],
  row: (id: number) => SeriesRow,
): HourRow[] {
  const known = book.hours(stream);
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
export function missingHours(
  book: Book,
  store: Store,
  account: number,
  streams: readonly StreamSettings[],
): HourRow[] {
  return streams.filter(hasHours).flatMap((settings) => {
    const stream = book.streamOf(account, settings.name)?.id;
    const now = stream && book.runs(stream, settings.granularities[0], 'newest').at(-1)?.asOf;
    if (stream === undefined || now === undefined || book.hours(stream).size > 0) return [];
    return hoursOfCells({ book, store, stream, now }, settings);
  });
}

/** The hours as the cells have them. */
export function hoursOfCells(
  { book, store, stream, now }: { book: Book; store: Store; stream: number; now: Instant },
  settings: StreamSettings,
): HourRow[] {
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
    rows: (stream: number): HourRow[] =>
      [...hours].flatMap(([hour, sums]) =>
        [...sums].map(([currency, value]) => ({ stream, hour, currency, value })),
      ),
  };
}
