import type { Book } from './book.ts';
import { type Budget, matcherOf } from './budget.ts';
import type { Fixed, Usd } from './money.ts';
import type { SeriesRow, SumKind, SumRow } from './store.ts';
import { DAY, type Instant } from './time.ts';

/** What budgets' label sets cost by day and month and stream, kept up to date by every commit. */
export interface BudgetTotals {
  readonly budgets: readonly Budget[];
  /** Net dollars by stream, those that are 0 left out; undefined while not {@link BudgetTotals.load loaded}. */
  of(budget: Budget, kind: SumKind, start: Instant): ReadonlyMap<number, Usd> | undefined;
  isLoaded(kind: SumKind, start: Instant): boolean;
  /** Adds up the sums of a day or month as they stand. */
  load(kind: SumKind, start: Instant): void;
  /** Follows a commit: by how much each of its sums moved. */
  move(rows: readonly MovedSum[]): void;
}

/** A sum, and by how much it moved. */
export interface MovedSum extends Omit<SumRow, 'value'> {
  readonly moved: Fixed;
}

/** Days that a forecast looks back on, and a few more. */
const KEPT_MS = 70 * DAY;

/** Adds nothing up before it is asked to: a start does not wait for days gone by. */
export function openBudgetTotals(book: Book, budgets: readonly Budget[]): BudgetTotals {
  const matchers = budgets.map((budget) => ({ budget, matches: matcherOf(budget.match) }));
  const members = new Map<number, readonly Budget[]>();
  const loaded = new Map<string, Map<Budget, Map<number, Usd>>>();

  const budgetsOf = (id: number): readonly Budget[] => {
    const known = members.get(id);
    if (known) return known;
    const labels = labelsOf(book, book.series.get(id));
    const found = labels ? matchers.flatMap(({ budget, matches }) => (matches(labels) ? budget : [])) : [];
    if (labels) members.set(id, found);
    return found;
  };
  const add = (totals: Map<Budget, Map<number, Usd>>, series: number, amount: Fixed) => {
    const stream = book.series.get(series)?.stream;
    if (stream === undefined || amount === 0n) return;
    for (const budget of budgetsOf(series)) {
      const byStream = totals.get(budget) ?? new Map<number, Usd>();
      totals.set(budget, byStream.set(stream, (byStream.get(stream) ?? 0n) + amount));
    }
  };
  const forget = (before: Instant) => {
    for (const key of loaded.keys()) if (key.startsWith('day') && startOf(key) < before) loaded.delete(key);
  };
  return {
    budgets,
    of(budget, kind, start) {
      const totals = loaded.get(keyOf(kind, start));
      return totals && (totals.get(budget) ?? NOTHING);
    },
    isLoaded: (kind, start) => loaded.has(keyOf(kind, start)),
    load(kind, start) {
      const totals = new Map<Budget, Map<number, Usd>>();
      for (const [series, value] of book.sums(kind, start)) add(totals, series, value);
      loaded.set(keyOf(kind, start), totals);
      if (kind === 'day') forget(start - KEPT_MS);
    },
    move(rows) {
      for (const { kind, start, series, moved } of rows) {
        const totals = loaded.get(keyOf(kind, start));
        if (totals) add(totals, series, moved);
      }
    },
  };
}

const NOTHING: ReadonlyMap<number, Usd> = new Map();

function keyOf(kind: SumKind, start: Instant): string {
  return `${kind} ${start}`;
}

function startOf(key: string): Instant {
  return Number(key.slice(key.indexOf(' ') + 1));
}

function labelsOf(book: Book, row: SeriesRow | undefined) {
  const account = row && book.accounts.get(book.streams.get(row.stream)?.account ?? 0);
  if (!account) return undefined;
  const { resource, model, tier, detail } = row;
  return { provider: account.provider, account: account.name, resource, model, tier, currency: detail };
}
