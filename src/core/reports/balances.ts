import type { LedgerState } from '../ledger/state.ts';
import { newestOf } from '../statement/observations.ts';
import type { Observation } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import type { SpendByCurrency } from './burn-rate.ts';
import { runwayOf } from './runway.ts';
import type { PublishInput } from './windows.ts';

/** What is left of the prepaid credit of an account. */
export interface AccountBalance {
  /** One per currency, in US dollars; empty if the provider reports none. */
  readonly balances: readonly Observation[];
  /** How many seconds they last at the current burn rate; undefined if that is unknown, or nothing is spent. */
  readonly runwaySeconds: Fixed | undefined;
}

/** What the feeds of an account report and is valid at `now`, each thing once: if undated, as the feed says that was read last. */
export function observationsOf(
  { state, now }: { readonly state: LedgerState; readonly now: number },
  account: number,
): Observation[] {
  const newestFirst = state.feedsOf(account).toSorted((a, b) => (b.lastSuccess ?? 0) - (a.lastSuccess ?? 0));
  const valid = newestFirst
    .flatMap(({ observations }) => observations)
    .filter(({ until }) => until === undefined || now < until);
  return newestOf(valid);
}

export function balanceOf(
  { accounts, state }: Pick<PublishInput, 'accounts' | 'state'>,
  account: number,
  observations: readonly Observation[],
  dailySpend: (stream: number) => SpendByCurrency | undefined,
): AccountBalance {
  const balances = observations.filter(({ metric }) => metric === 'balance');
  if (balances.length === 0) return { balances, runwaySeconds: undefined };
  const spends = state.streamsOf(account).map(({ id }) => dailySpend(id));
  return { balances, runwaySeconds: runwayOf(balances, spends, accounts.get(account)?.refilling) };
}
