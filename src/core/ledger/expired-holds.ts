import type { Book } from './state.ts';
import type { SeriesRow } from './records.ts';

/** The held series that no reader has seen yet, and the publication in which each first stands. */
export interface Unshown {
  watch(rows: Iterable<SeriesRow>): void;
  /** Forgets all. */
  clear(): void;
  /** After an account was opened or shut: what nobody has seen stands in no publication before the next. */
  watchAgain(account: number): void;
  /** The series that a publication held, as they are once it was seen. */
  seenIn(version: number): SeriesRow[];
}

/** @param next the number of the next publication in which an account is shown; `Infinity` where it is not. */
export function openUnshown(book: Book, next: (account: number) => number): Unshown {
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
    seenIn(version) {
      const rows = [...unshown].filter(([, first]) => first <= version).map(([id]) => book.series.get(id));
      return rows.flatMap((row) => (row?.hold ? [{ ...row, hold: { ...row.hold, shown: true } }] : []));
    },
  };
}
