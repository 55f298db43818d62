import type { Commit, Store } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import { type Instant, MINUTE } from '../values/time.ts';
import { type Budget, EVERYTHING } from './budget.ts';
import { BudgetMatcher, type BudgetMatches } from './budget-matches.ts';
import {
  accountMonth,
  type BudgetState,
  nextDayToLoad,
  type SpendState,
  spendState,
} from './budget-status.ts';
import { BudgetTotals, type TotalDelta } from './budget-totals.ts';
import { dailySpend, type SpendByCurrency } from './burn-rate.ts';
import { ColumnCache } from './columns.ts';
import type { PublishInput } from './windows.ts';

/** What users do with the numbers: budgets and burn rates. */
export class Reports {
  /** What the series of costs are added up from. */
  readonly columns: ColumnCache;
  readonly #state: LedgerState;
  readonly #store: Pick<Store, 'cells'>;
  readonly #spends = new Map<number, { readonly at: Instant; readonly spend: SpendByCurrency | undefined }>();
  #budgets: readonly Budget[] = [];
  #matcher = new BudgetMatcher([]);
  #totals: BudgetTotals;

  constructor(state: LedgerState, store: Pick<Store, 'cells' | 'peekCells' | 'archivedDay'>) {
    this.#state = state;
    this.#store = store;
    this.#totals = new BudgetTotals(state, [EVERYTHING]);
    this.columns = new ColumnCache(state, store);
  }

  /** Call it before the state applies the commit, and what it returns afterwards. */
  follow(commit: Commit): () => void {
    const deltas = this.#deltasOf(commit);
    const followColumns = this.columns.follow(commit);
    return () => {
      this.#totals.update(deltas);
      followColumns();
      for (const { stream } of commit.readings ?? []) this.#spends.delete(stream);
    };
  }

  #deltasOf({ periodTotals = [] }: Commit): TotalDelta[] {
    const followed = periodTotals.filter((period) => this.#totals.isLoaded(period));
    return followed.map(({ kind, start, series, value }) => {
      const before = this.#state.periodTotals(kind, start).get(series) ?? 0n;
      return { kind, start, series, delta: value - before };
    });
  }

  setBudgets(budgets: readonly Budget[]): void {
    this.#budgets = budgets;
    this.#matcher = new BudgetMatcher(budgets);
    this.#totals = new BudgetTotals(this.#state, [...budgets, EVERYTHING]);
  }

  /** Discards everything that was added up: the ledger was read again. */
  reload(): void {
    this.#spends.clear();
    this.columns.clear();
    this.setBudgets(this.#budgets);
  }

  budgets(input: PublishInput): BudgetState[] {
    return this.#budgets.map((budget) => ({ budget, ...spendState(input, this.#totals, budget) }));
  }

  /** Which budgets match nothing. */
  budgetMatches(input: PublishInput): BudgetMatches[] {
    return this.#matcher.of(input);
  }

  accountMonth(input: PublishInput, account: number): SpendState {
    return accountMonth(input, this.#totals, account);
  }

  /** Loads one more day that forecasts look back on; false if none is left. */
  preload(input: PublishInput): boolean {
    const start = nextDayToLoad(input, this.#totals);
    if (start !== undefined) this.#totals.load({ kind: 'day', start });
    return start !== undefined;
  }

  /** What a stream costs in 24 hours, up to a minute old. */
  dailySpend(input: PublishInput, stream: number): SpendByCurrency | undefined {
    const known = this.#spends.get(stream);
    if (known && known.at <= input.now && input.now - known.at < MINUTE) return known.spend;
    const spend = dailySpend(input, stream, (granularity, range) =>
      this.#store.cells(stream, granularity, range),
    );
    this.#spends.set(stream, { at: input.now, spend });
    return spend;
  }
}
