import type { BudgetState } from '../reports/budget-status.ts';
import { type AccountInput, addAccount, addBudget } from './account-samples.ts';
import { SampleCollector } from './sample-collector.ts';
import { addSeries } from './series-samples.ts';
import type { Family } from './snapshot.ts';

export interface SnapshotInput extends Omit<AccountInput, 'withCosts'> {
  readonly budgets: () => readonly BudgetState[];
}

/** The samples of everything that the ledger knows at `now`. Adds accounts that show a known 0 for the first time to `zeros`. */
export function familiesOf(input: SnapshotInput): Family[] {
  const samples = new SampleCollector();
  const withCosts = addSeries(input, samples);
  const accountInput = { ...input, withCosts };
  for (const id of input.accounts.keys()) {
    const account = input.state.accounts.get(id);
    if (account) addAccount(accountInput, samples, account);
  }
  for (const budget of input.budgets()) addBudget(samples, budget);
  return samples.families();
}
