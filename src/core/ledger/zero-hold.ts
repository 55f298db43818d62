import { getOrCreate } from '../values/maps.ts';
import { DAY, type Instant, startOfMonth } from '../values/time.ts';
import type { SeriesRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** A label set that has not changed for this long, and has no cell since last month began, is no longer exposed. */
const RETIRE_AFTER_MS = 70 * DAY;

/** Whether a label set has left the snapshot: all of its cells precede last month and nothing moved for 70 days. */
export function isRetired(row: SeriesRow, now: Instant): boolean {
  return now - row.changedAt > RETIRE_AFTER_MS && row.lastCell <= startOfMonth(now, -1);
}

/** Ends the holds whose zero was delivered to a reader long enough ago. */
export function expireHolds(
  series: Iterable<SeriesRow>,
  now: Instant,
  zeroForMs: number,
): { rows: SeriesRow[]; nextAt: Instant | undefined } {
  const rows: SeriesRow[] = [];
  let nextAt: Instant | undefined;
  for (const row of series) {
    if (!row.hold?.shown) continue;
    // A clock that was set back since would prolong the hold by as much.
    const since = Math.min(row.hold.since, now);
    const due = since + zeroForMs;
    if (due <= now) rows.push({ ...row, hold: undefined });
    else nextAt = Math.min(nextAt ?? due, due);
    if (due > now && since < row.hold.since) rows.push({ ...row, hold: { ...row.hold, since } });
  }
  return { rows, nextAt };
}

/** What a series' counters show: those of its hold, or its own. */
export function exposedTotals(row: SeriesRow): Pick<SeriesRow, 'total' | 'corrections'> {
  return row.hold ?? row;
}

/**
 * The held series that no reader has seen yet, by the first publication that shows each.
 *
 * @param next the number of the next publication that shows an account; `Infinity` for one that is not shown.
 */
export class UnexposedSeries {
  readonly #state: LedgerState;
  readonly #next: (account: number) => number;
  readonly #firstShown = new Map<number, number>();

  constructor(state: LedgerState, next: (account: number) => number) {
    this.#state = state;
    this.#next = next;
    this.add(state.series.values());
  }

  /** Follows a commit of these rows. */
  add(rows: Iterable<SeriesRow>): void {
    for (const row of rows) {
      if (row.hold && !row.hold.shown)
        getOrCreate(this.#firstShown, row.id, () => this.#next(this.#accountOf(row)));
      else this.#firstShown.delete(row.id);
    }
  }

  reload(): void {
    this.#firstShown.clear();
    this.add(this.#state.series.values());
  }

  /** Postpones to the next publication what nobody has seen of an account: it was opened or deactivated. */
  postpone(account: number): void {
    for (const id of this.#firstShown.keys()) {
      const row = this.#state.series.get(id);
      if (row && this.#accountOf(row) === account) this.#firstShown.set(id, this.#next(account));
    }
  }

  /** The series that a publication showed, as they are once it was delivered. */
  exposedIn(version: number): SeriesRow[] {
    return [...this.#firstShown].flatMap(([id, first]) => {
      const row = first <= version ? this.#state.series.get(id) : undefined;
      return row?.hold ? [{ ...row, hold: { ...row.hold, shown: true } }] : [];
    });
  }

  #accountOf({ stream }: SeriesRow): number {
    return this.#state.streams.get(stream)?.account ?? 0;
  }
}
