import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { DAY, floorTo, HOUR, type Instant } from '../values/time.ts';
import type { Delta } from './cell.ts';
import type { HourlyTotalRow, SeriesRow, Store } from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';

/** At least: enough for the last 24 hours where the readings hardly lag. */
const KEPT_MS = 48 * HOUR;

/** Whether each delta of the stream lies in one hour, so that hours can be added up as they come. */
export function hasHourlyTotals({ granularities }: StreamSettings): boolean {
  return granularities.length === 1 && granularities[0] !== 'day';
}

/** The first hour that is kept at `now`: that with which the last 24 hours begin, however far the readings lag. */
export function firstHour(now: Instant, { lagMs }: Pick<StreamSettings, 'lagMs'>): Instant {
  return floorTo(HOUR, now - Math.max(KEPT_MS, lagMs + DAY));
}

export interface HourlyTotalsInput {
  readonly state: LedgerState;
  readonly stream: number;
  readonly settings: StreamSettings;
  readonly now: Instant;
}

/** The totals of the hours in which the deltas move cost. */
export function updateHourlyTotals(
  { state, stream, settings, now }: HourlyTotalsInput,
  deltas: readonly Delta[],
  row: (id: number) => SeriesRow,
): HourlyTotalRow[] {
  if (!hasHourlyTotals(settings)) return [];
  const known = state.hourlyTotals(stream);
  const first = firstHour(now, settings);
  const moved = new Map<Instant, Map<string, Fixed>>();
  for (const { series, bucket, value } of deltas) {
    if (bucket < first || value === 0n) continue;
    const { measure, detail } = row(series);
    if (measure !== 'cost') continue;
    const hour = floorTo(HOUR, bucket);
    const totals = getOrCreate(moved, hour, () => new Map(known.get(hour)));
    addTo(totals, detail, value);
  }
  return rowsOf(stream, moved);
}

/** The hours of an account in a ledger that was written before hours were kept: counted once. */
export function missingHourlyTotals(
  state: LedgerState,
  store: Store,
  account: number,
  { streams }: AccountSettings,
): HourlyTotalRow[] {
  return streams.filter(hasHourlyTotals).flatMap((settings) => {
    const stream = state.streamOf(account, settings.name)?.id;
    const now = stream && state.readings(stream, settings.granularities[0], 'current').at(-1)?.asOf;
    if (stream === undefined || now === undefined || state.hourlyTotals(stream).size > 0) return [];
    return hourlyTotalsOfCells({ state, stream, settings, now }, store);
  });
}

/** The hours as the cells have them. */
export function hourlyTotalsOfCells(
  { state, stream, settings, now }: HourlyTotalsInput,
  store: Pick<Store, 'cells'>,
): HourlyTotalRow[] {
  const hours = new Map<Instant, Map<string, Fixed>>();
  const range = { start: firstHour(now, settings), end: Number.MAX_SAFE_INTEGER };
  for (const [bucket, cells] of store.cells(stream, settings.granularities[0], range)) {
    const totals = getOrCreate(hours, floorTo(HOUR, bucket), () => new Map());
    for (const [series, { value }] of cells) {
      const row = state.series.get(series);
      if (row?.measure === 'cost') addTo(totals, row.detail, value);
    }
  }
  return rowsOf(stream, hours);
}

function rowsOf(stream: number, hours: ReadonlyMap<Instant, ReadonlyMap<string, Fixed>>): HourlyTotalRow[] {
  return [...hours].flatMap(([hour, totals]) =>
    [...totals].map(([currency, value]) => ({ stream, hour, currency, value })),
  );
}
