import type { AccountRow } from '../ledger/records.ts';
import type { BudgetMatches } from '../reports/budget-matches.ts';
import type { BudgetState } from '../reports/budget-status.ts';
import { type AccountInput, addAccount, addBudget, addBudgetMatches } from './account-samples.ts';
import { SampleCollector } from './sample-collector.ts';
import { addSeries } from './series-samples.ts';
import type { Family } from './snapshot.ts';

export interface SnapshotInput extends Omit<AccountInput, 'zeros' | 'withCosts'> {
  readonly budgets: () => readonly BudgetState[];
  readonly budgetMatches: () => readonly BudgetMatches[];
}

/** The samples of everything that the ledger knows at `now`, and the accounts that show a known 0 for the first time. */
export function buildSnapshot(input: SnapshotInput): {
  readonly families: Family[];
  readonly newZeros: AccountRow[];
} {
  const { accounts } = input.state;
  const samples = new SampleCollector();
  const zeros = new Set([...accounts.values()].filter(({ zeroShown }) => zeroShown).map(({ id }) => id));
  const withCosts = addSeries({ ...input, zeros }, samples);
  const accountInput = { ...input, zeros, withCosts };
  for (const id of input.accounts.keys()) {
    const account = accounts.get(id);
    if (account) addAccount(accountInput, samples, account);
  }
  for (const budget of input.budgets()) addBudget(samples, budget);
  for (const matches of input.budgetMatches()) addBudgetMatches(samples, matches);
  const newZeros = [...zeros].flatMap((id) => accounts.get(id) ?? []).filter(({ zeroShown }) => !zeroShown);
  return { families: samples.families(), newZeros };
}
