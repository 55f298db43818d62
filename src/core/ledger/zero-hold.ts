import type { SeriesRow } from './records.ts';
import { DAY, type Instant, startOfMonth } from '../values/time.ts';

/** A label set without news for this long, and without a cell since last month began, is no longer exposed. */
const RETIRE_AFTER_MS = 70 * DAY;

/** True once a label set left the snapshot: all of its cells precede last month and nothing moved for 70 days. */
export function isRetired(row: SeriesRow, now: Instant): boolean {
  return now - row.changedAt > RETIRE_AFTER_MS && row.lastCell <= startOfMonth(now, -1);
}

/** Ends the holds whose zero was carried to a reader and has stood long enough. */
export function released(
  series: Iterable<SeriesRow>,
  now: Instant,
  zeroForMs: number,
): { rows: SeriesRow[]; nextAt: Instant | undefined } {
  const rows: SeriesRow[] = [];
  let nextAt: Instant | undefined;
  for (const row of series) {
    if (!row.hold?.shown) continue;
    // A clock that has been set back since would lengthen the hold by as much.
    const since = Math.min(row.hold.since, now);
    const due = since + zeroForMs;
    if (due <= now) rows.push({ ...row, hold: undefined });
    else nextAt = Math.min(nextAt ?? due, due);
    if (due > now && since < row.hold.since) rows.push({ ...row, hold: { ...row.hold, since } });
  }
  return { rows, nextAt };
}

/** What a series' counters show: the values at which it is held, or its own. */
export function exposed(row: SeriesRow): Pick<SeriesRow, 'total' | 'corrections'> {
  return row.hold ?? row;
}
