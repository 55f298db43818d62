import { unreadOf } from '../ledger/coverage.ts';
import type { SeriesRow } from '../ledger/records.ts';
import { OVERFLOW } from '../ledger/series-key.ts';
import {
  BUDGET_LABELS,
  type Budget,
  type BudgetLabel,
  type BudgetMatch,
  type Labels,
  matcherOf,
} from './budget.ts';
import type { PublishInput } from './windows.ts';

export interface BudgetMatches {
  readonly budget: Budget;
  /**
   * What of the budget matches no cost that was read, probably because it is misspelt: single patterns, or if each of them matches,
   * their combination. Undefined while history is still being read.
   */
  readonly unmatched: readonly BudgetMatch[] | undefined;
}

/** A part of a budget that has matched nothing yet. */
interface OpenPart {
  readonly budget: Budget;
  readonly part: BudgetMatch;
  readonly isPattern: boolean;
  readonly matches: (labels: Labels) => boolean;
}

/** Finds budgets that match nothing. A part that matched once is not tested again, and each series is tested once. */
export class BudgetMatcher {
  readonly #budgets: readonly Budget[];
  #accounts = '';
  #open: readonly OpenPart[] = [];
  /** How many of the ledger's series were tested; new ones come last. */
  #tested = 0;

  constructor(budgets: readonly Budget[]) {
    this.#budgets = budgets;
  }

  of(input: PublishInput): BudgetMatches[] {
    // What an account cost that is no longer configured matches nothing.
    const accounts = [...input.accounts.keys()].join();
    if (accounts !== this.#accounts) this.#restart(input);
    this.#accounts = accounts;
    this.#matchNewSeries(input);
    return this.#budgets.map((budget) => {
      const open = this.#open.filter((each) => each.budget === budget);
      const patterns = open.filter(({ isPattern }) => isPattern);
      const unmatched = (patterns.length > 0 ? patterns : open).map(({ part }) => part);
      const isKnown = unmatched.length === 0 || isHistoryRead(input, budget);
      return { budget, unmatched: isKnown ? unmatched : undefined };
    });
  }

  #restart({ accounts }: PublishInput): void {
    const labels = [...accounts.values()].map(({ provider, name }) => ({ provider, account: name }));
    this.#open = this.#budgets.flatMap((budget) => [
      // An account that costs nothing is no mistake.
      ...ACCOUNT_LABELS.flatMap((label) => patternsOf(budget, label)).filter(
        ({ matches }) => !labels.some(matches),
      ),
      ...COST_LABELS.flatMap((label) => patternsOf(budget, label)),
      ...combinationOf(budget),
    ]);
    this.#tested = 0;
  }

  #matchNewSeries(input: PublishInput): void {
    if (this.#open.length === 0) return;
    const { series } = input.state;
    for (const row of series.values().drop(this.#tested)) {
      const labels = labelsOf(input, row);
      if (labels && this.#open.some(({ matches }) => matches(labels)))
        this.#open = this.#open.filter(({ matches }) => !matches(labels));
    }
    this.#tested = series.size;
  }
}

const ACCOUNT_LABELS = ['provider', 'account'] as const;
const COST_LABELS = ['resource', 'model', 'tier', 'currency'] as const;

function patternsOf(budget: Budget, label: BudgetLabel): OpenPart[] {
  const { provider, account } = budget.match;
  return (budget.match[label] ?? []).map((pattern) => {
    const part = { [label]: [pattern] };
    return { budget, part, isPattern: true, matches: matcherOf({ provider, account, ...part }) };
  });
}

function combinationOf(budget: Budget): OpenPart[] {
  const { match } = budget;
  if (COST_LABELS.filter((label) => match[label] !== undefined).length < 2) return [];
  return [{ budget, part: match, isPattern: false, matches: matcherOf(match) }];
}

/** As `model gpt-4* or o*, tier batch`. */
export function matchText(match: BudgetMatch): string {
  return BUDGET_LABELS.flatMap((label) => {
    const patterns = match[label];
    return patterns ? [`${label} ${patterns.map((each) => (each === '' ? '""' : each)).join(' or ')}`] : [];
  }).join(', ');
}

/** Undefined for what costs nothing or is not configured. Of the overflow series only the account: it may have any other labels. */
function labelsOf({ state, accounts }: PublishInput, row: SeriesRow): Labels | undefined {
  const settings = accounts.get(state.streams.get(row.stream)?.account ?? 0);
  if (!settings || row.measure !== 'cost') return undefined;
  const { resource, model, tier, detail } = row;
  const account = { provider: settings.provider, account: settings.name };
  return resource === OVERFLOW ? account : { ...account, resource, model, tier, currency: detail };
}

/** Whether everything that the budget may cover was read, from `since` on. */
function isHistoryRead({ accounts, state, since }: PublishInput, { match }: Budget): boolean {
  const matches = matcherOf(match);
  return [...accounts].every(
    ([id, { provider, name, streams }]) =>
      !matches({ provider, account: name }) ||
      streams.every((stream) => {
        const row = state.streamOf(id, stream.name);
        return (
          row !== undefined &&
          state.covered(row.id).length > 0 &&
          unreadOf(state, row.id, since(id, stream.name)).length === 0
        );
      }),
  );
}
