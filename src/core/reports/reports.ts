import type { Commit, Store } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import { type Instant, MINUTE } from '../values/time.ts';
import type { Budget } from './budget.ts';
import { type BudgetState, budgetsAt, nextToLoad } from './budget-status.ts';
import { type MovedSum, openBudgetTotals } from './budget-totals.ts';
import { type ReadCells, recentSpend, type SpendByCurrency } from './burn-rate.ts';
import type { PublishInput } from './windows.ts';

/** What users do with the numbers: budgets, and what was spent of late. */
export interface Reports {
  /** To be told of a commit before the book absorbs it; what it gives back, after that. */
  following(commit: Commit): () => void;
  /** Takes the configured budgets, in place of those before. */
  setBudgets(budgets: readonly Budget[]): void;
  /** The ledger was read again: nothing that was added up holds. */
  reload(): void;
  budgets(input: PublishInput): BudgetState[];
  /** Adds up one more day that forecasts look back on; false once there is none left. */
  warm(input: PublishInput): boolean;
  /** What a stream's series cost in the last 24 hours, known to the minute. */
  recent(input: PublishInput, stream: number): SpendByCurrency | undefined;
}

export function openReports(book: LedgerState, store: Pick<Store, 'cells'>): Reports {
  const recent = new Map<number, { readonly at: Instant; readonly spend: SpendByCurrency | undefined }>();
  let totals = openBudgetTotals(book, []);

  const movedBy = ({ periodTotals = [] }: Commit): MovedSum[] => {
    if (totals.budgets.length === 0) return [];
    const before = ({ kind, start, series }: (typeof periodTotals)[number]) =>
      book.periodTotals(kind, start).get(series) ?? 0n;
    return periodTotals.map((row) => ({ ...row, moved: row.value - before(row) }));
  };
  return {
    following(commit) {
      const moved = movedBy(commit);
      return () => {
        totals.move(moved);
        for (const { stream } of commit.readings ?? []) recent.delete(stream);
      };
    },
    setBudgets(budgets) {
      totals = openBudgetTotals(book, budgets);
    },
    reload() {
      recent.clear();
      totals = openBudgetTotals(book, totals.budgets);
    },
    budgets: (input) => budgetsAt(input, totals),
    warm(input) {
      const day = nextToLoad(input, totals);
      if (day !== undefined) totals.load('day', day);
      return day !== undefined;
    },
    recent(input, stream) {
      const known = recent.get(stream);
      if (known && known.at <= input.now && input.now - known.at < MINUTE) return known.spend;
      const read: ReadCells = (granularity, range) => store.cells(stream, granularity, range);
      const spend = recentSpend(input, stream, read);
      recent.set(stream, { at: input.now, spend });
      return spend;
    },
  };
}
