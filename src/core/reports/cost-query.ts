import type { Usd } from '../values/money.ts';
import type { Range } from '../values/time.ts';
import type { BudgetLabel } from './budget.ts';
import { type CostsAccount, compareLabels } from './labels.ts';
import { netCosts } from './net-cost.ts';
import { groupSeries } from './series-groups.ts';
import { type PublishInput, type UnknownReason, type Window, windowAt, windowState } from './windows.ts';

export { UNKNOWN_REASONS, type UnknownReason } from './windows.ts';

/** A label to group costs by; budgets match the same labels. */
export type CostLabel = BudgetLabel;

/** Asks for the dollars of a UTC window, grouped by some labels or added up. */
export interface CostsQuestion {
  readonly window: Window;
  /** Without duplicates. */
  readonly by: readonly CostLabel[];
}

export interface UnknownCosts extends Pick<CostsAccount, 'provider' | 'account'> {
  readonly reason: UnknownReason;
}

/** Net dollars of all label sets that have these values of the labels in `by`. */
export interface CostGroup {
  readonly values: readonly string[];
  readonly usd: Usd;
}

export interface CostReport extends CostsQuestion, Range {
  /** Accounts that no group includes: an unknown cost is not zero. */
  readonly unknown: readonly UnknownCosts[];
  readonly groups: readonly CostGroup[];
  /** Undefined while any account is unknown: a part must not be mistaken for the whole. */
  readonly total: Usd | undefined;
}

/** The exact amounts that the window gauges show at `now`, grouped. Includes groups of zero. */
export function costsOf(
  input: PublishInput,
  { window, by }: CostsQuestion,
  accounts: readonly CostsAccount[],
): CostReport {
  const known = new Map<number, CostsAccount>();
  const unknown = accounts.flatMap((asked): UnknownCosts[] => {
    const { id, provider, account, streams } = asked;
    const reason = windowState(input, id, window, streams).incomplete;
    if (reason) return [{ provider, account, reason }];
    for (const name of streams) {
      const stream = input.state.streamOf(id, name);
      if (stream) known.set(stream.id, asked);
    }
    return [];
  });
  const { start, end } = windowAt(window, input.now);
  const groups = groupsOf(input, { window, by }, known);
  const total = unknown.length > 0 ? undefined : groups.reduce((sum, { usd }) => sum + usd, 0n);
  const whole = total === undefined ? [] : [{ values: [], usd: total }];
  return {
    window,
    by,
    start,
    end,
    unknown,
    groups: by.length === 0 ? whole : groups.sort(mostExpensiveFirst),
    total,
  };
}

/** Groups the series of the known streams; an account without any counts as the series that shows its 0. */
function groupsOf(
  { state, now }: PublishInput,
  { window, by }: CostsQuestion,
  known: ReadonlyMap<number, CostsAccount>,
): CostGroup[] {
  const { groups, groupOf } = completed(
    groupSeries({
      question: { by, match: new Map(), measure: 'cost' },
      rows: [...state.series.values()],
      facts: () => undefined,
      accounts: [...new Set(known.values())],
      accountOf: known,
      unknownOf: () => 0n,
      now,
    }),
  );
  const sums = groups.map(() => 0n);
  for (const [{ id }, usd] of netCosts(state, windowAt(window, now))) {
    const group = groupOf[id] ?? -1;
    if (group >= 0) sums[group] = (sums[group] ?? 0n) + usd;
  }
  return groups.flatMap(({ labels, isShown }, index) =>
    isShown ? [{ values: labels, usd: sums[index] ?? 0n }] : [],
  );
}

/** The result of work that is done at once. */
function completed<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function mostExpensiveFirst(a: CostGroup, b: CostGroup): number {
  if (a.usd !== b.usd) return a.usd > b.usd ? -1 : 1;
  return compareLabels(a.values, b.values);
}
