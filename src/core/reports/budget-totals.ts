import type { PeriodKind, PeriodTotalRow, SeriesRow } from '../ledger/records.ts';
import { OVERFLOW } from '../ledger/series-key.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Fixed, Usd } from '../values/money.ts';
import { DAY, type Instant } from '../values/time.ts';
import { type Budget, matcherOf } from './budget.ts';

/** What budgets' label sets cost by day and month and stream, kept up to date by every commit. */
export interface BudgetTotals {
  readonly budgets: readonly Budget[];
  /**
   * Net dollars of a stream in a day or month that was {@link BudgetTotals.load loaded}. Undefined where some were folded into the overflow
   * series, which has lost the labels that the budget asks for: they may be the budget's, or not.
   */
  of(budget: Budget, stream: number, period: PeriodKey): Usd | undefined;
  isLoaded(kind: PeriodKind, start: Instant): boolean;
  /** Adds up the sums of a day or month as they stand. */
  load(kind: PeriodKind, start: Instant): void;
  /** Follows a commit: by how much each of its sums moved. */
  move(rows: readonly MovedSum[]): void;
}

/** The day or month of a sum. */
export type PeriodKey = Pick<PeriodTotalRow, 'kind' | 'start'>;

/** A sum, and by how much it moved. */
export interface MovedSum extends Omit<PeriodTotalRow, 'value'> {
  readonly moved: Fixed;
}

/** Days that a forecast looks back on, and a few more. */
const KEPT_MS = 70 * DAY;

/** Adds nothing up before it is asked to: a start does not wait for days gone by. */
export function openBudgetTotals(book: LedgerState, budgets: readonly Budget[]): BudgetTotals {
  const matchers = budgets.map((budget) => ({ budget, matches: matcherOf(budget.match) }));
  const members = new Map<number, Membership>();
  const loaded = new Map<string, LoadedTotals>();

  const membershipOf = (row: SeriesRow): Membership => {
    const known = members.get(row.id);
    if (known) return known;
    const labels = labelsOf(book, row);
    const account = { provider: labels.provider, account: labels.account };
    const found = {
      counted: matchers.filter(({ matches }) => matches(labels)).map(({ budget }) => budget),
      doubted: matchers
        .filter(({ matches }) => row.resource === OVERFLOW && matches(account) && !matches(labels))
        .map(({ budget }) => budget),
    };
    members.set(row.id, found);
    return found;
  };
  const add = ({ counted, doubted }: LoadedTotals, series: number, amount: Fixed) => {
    const row = book.series.get(series);
    if (!row || amount === 0n) return;
    const membership = membershipOf(row);
    for (const budget of membership.counted) addTo(counted, budget, row.stream, amount);
    for (const budget of membership.doubted) addTo(doubted, budget, row.stream, amount);
  };
  const forget = (before: Instant) => {
    for (const key of loaded.keys()) if (key.startsWith('day') && startOf(key) < before) loaded.delete(key);
  };
  return {
    budgets,
    of(budget, stream, { kind, start }) {
      const totals = loaded.get(keyOf(kind, start));
      const isDoubted = (totals?.doubted.get(budget)?.get(stream) ?? 0n) !== 0n;
      return isDoubted ? undefined : (totals?.counted.get(budget)?.get(stream) ?? 0n);
    },
    isLoaded: (kind, start) => loaded.has(keyOf(kind, start)),
    load(kind, start) {
      const totals = { counted: new Map(), doubted: new Map() };
      for (const [series, value] of book.periodTotals(kind, start)) add(totals, series, value);
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

/** Dollars of budgets by stream. */
type ByBudget = Map<Budget, Map<number, Usd>>;

interface LoadedTotals {
  readonly counted: ByBudget;
  readonly doubted: ByBudget;
}

/** The budgets that a series is of, and those of which it may be in part. */
interface Membership {
  readonly counted: readonly Budget[];
  readonly doubted: readonly Budget[];
}

function addTo(totals: ByBudget, budget: Budget, stream: number, amount: Usd): void {
  const byStream = totals.get(budget) ?? new Map<number, Usd>();
  totals.set(budget, byStream.set(stream, (byStream.get(stream) ?? 0n) + amount));
}

function keyOf(kind: PeriodKind, start: Instant): string {
  return `${kind} ${start}`;
}

function startOf(key: string): Instant {
  return Number(key.slice(key.indexOf(' ') + 1));
}

function labelsOf(book: LedgerState, { stream, resource, model, tier, detail }: SeriesRow) {
  const account = book.accounts.get(book.streams.get(stream)?.account ?? 0);
  const { provider = '', name = '' } = account ?? {};
  return { provider, account: name, resource, model, tier, currency: detail };
}
