import { DAY, type Instant, startOfMonth } from '../values/time.ts';
import type { SeriesRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** A label set without news for this long, and without a cell since last month began, is no longer exposed. */
const RETIRE_AFTER_MS = 70 * DAY;

/** True once a label set left the snapshot: all of its cells precede last month and nothing moved for 70 days. */
export function isRetired(row: SeriesRow, now: Instant): boolean {
  return now - row.changedAt > RETIRE_AFTER_MS && row.lastCell <= startOfMonth(now, -1);
}

/** Ends the holds whose zero was carried to a reader and has stood long enough. */
export function expireHolds(
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
export function exposedTotals(row: SeriesRow): Pick<SeriesRow, 'total' | 'corrections'> {
  return row.hold ?? row;
}

/** The held series that no reader has seen yet, and the publication in which each first stands. */
export interface UnexposedSeries {
  watch(rows: Iterable<SeriesRow>): void;
  /** Forgets all. */
  clear(): void;
  /** After an account was opened or shut: what nobody has seen stands in no publication before the next. */
  watchAgain(account: number): void;
  /** The series that a publication held, as they are once it was seen. */
  exposedIn(version: number): SeriesRow[];
}

/** @param next the number of the next publication in which an account is shown; `Infinity` where it is not. */
export function createUnexposedSeries(book: LedgerState, next: (account: number) => number): UnexposedSeries {
  const unshown = new Map<number, number>();
  const accountOf = ({ stream }: SeriesRow) => book.streams.get(stream)?.account ?? 0;
  return {
    watch(rows) {
      for (const row of rows) {
        if (row.hold && !row.hold.shown) unshown.set(row.id, unshown.get(row.id) ?? next(accountOf(row)));
        else unshown.delete(row.id);
      }
    },
    clear: () => unshown.clear(),
    watchAgain(account) {
      for (const id of unshown.keys()) {
        const row = book.series.get(id);
        if (row && accountOf(row) === account) unshown.set(id, next(account));
      }
    },
    exposedIn(version) {
      const rows = [...unshown].filter(([, first]) => first <= version).map(([id]) => book.series.get(id));
      return rows.flatMap((row) => (row?.hold ? [{ ...row, hold: { ...row.hold, shown: true } }] : []));
    },
  };
}
