import { isShownCost, ZERO_SERIES } from '../ledger/known-zero.ts';
import type { SeriesRow } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Usd } from '../values/money.ts';
import type { Instant, Range } from '../values/time.ts';
import type { BudgetLabel } from './budget.ts';
import { type UnknownReason, type Window, type WindowState, windowAt } from './windows.ts';
/** By which costs are added up: the labels of a cost, which budgets match too. */
export type CostLabel = BudgetLabel;

/** What is asked of the ledger: the dollars of a UTC window, added up by some labels, or all of them. */
export interface CostsQuestion {
  readonly window: Window;
  /** In the order wanted, each once. */
  readonly by: readonly CostLabel[];
}

/** A configured account, as far as its costs go. */
export interface CostsAccount {
  readonly id: number;
  readonly provider: string;
  readonly account: string;
  /** The streams that its feeds read. */
  readonly streams: readonly string[];
}

export interface CostsInput extends CostsQuestion {
  readonly ledger: {
    readonly book: LedgerState;
    windowState(account: number, window: Window, now: Instant, streams: readonly string[]): WindowState;
  };
  readonly accounts: readonly CostsAccount[];
  readonly now: Instant;
}

export interface UnknownCosts extends Pick<CostsAccount, 'provider' | 'account'> {
  readonly reason: UnknownReason;
}

/** Net dollars of the label sets that have these values of the labels asked for, in their order. */
export interface CostGroup {
  readonly values: readonly string[];
  readonly usd: Usd;
}

export interface CostReport extends CostsQuestion, Range {
  /** Accounts that are in no group, as unknown cost is not zero. */
  readonly unknown: readonly UnknownCosts[];
  /** Dearest first. */
  readonly groups: readonly CostGroup[];
  /** Undefined while any account is unknown: a part must not pass for the whole. */
  readonly total: Usd | undefined;
}

/** What the window gauges show at `now`, exactly, added up by the labels asked for. Groups of zero are groups. */
export function costsOf(input: CostsInput): CostReport {
  const { ledger, window, by, now } = input;
  const known = new Map<number, CostsAccount>();
  const unknown = input.accounts.flatMap((account): UnknownCosts[] => {
    const reason = ledger.windowState(account.id, window, now, account.streams).incomplete;
    if (reason) return [{ provider: account.provider, account: account.account, reason }];
    for (const stream of streamsOf(input, account)) known.set(stream, account);
    return [];
  });
  const { start, end } = windowAt(window, now);
  const groups = groupsOf(input, known);
  const sum = groups.reduce((total, { usd }) => total + usd, 0n);
  const total = unknown.length === 0 ? sum : undefined;
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

function streamsOf({ ledger }: CostsInput, { id, streams }: CostsAccount): number[] {
  return streams.flatMap((name) => ledger.book.streamOf(id, name)?.id ?? []);
}

/** Adds up the series of the streams that are known. */
function groupsOf(
  { ledger: { book }, window, by, now }: CostsInput,
  known: ReadonlyMap<number, CostsAccount>,
): CostGroup[] {
  const { kind, start } = windowAt(window, now);
  const sums = book.periodTotals(kind, start);
  const groups = new Map<string, { readonly values: readonly string[]; usd: Usd }>();
  const add = (account: CostsAccount, row: CostLabels, usd: Usd) => {
    const values = by.map((label) => labelOf(label, account, row));
    // No label holds the separator: see `assign.ts`.
    const key = values.join('\0');
    const group = groups.get(key) ?? { values, usd: 0n };
    group.usd += usd;
    groups.set(key, group);
  };
  const idle = new Set(known.values());
  for (const row of book.series.values()) {
    const account = known.get(row.stream);
    if (!account || !isShownCost(row, now)) continue;
    idle.delete(account);
    add(account, row, sums.get(row.id) ?? 0n);
  }
  for (const account of idle) add(account, ZERO_SERIES, 0n);
  return [...groups.values()];
}

type CostLabels = Pick<SeriesRow, 'resource' | 'model' | 'tier' | 'detail'>;

function labelOf(label: CostLabel, { provider, account }: CostsAccount, row: CostLabels): string {
  switch (label) {
    case 'provider':
      return provider;
    case 'account':
      return account;
    case 'currency':
      return row.detail;
    default:
      return row[label];
  }
}

function mostExpensiveFirst(a: CostGroup, b: CostGroup): number {
  if (a.usd !== b.usd) return a.usd > b.usd ? -1 : 1;
  const place = a.values.findIndex((value, index) => value !== b.values[index]);
  return (a.values[place] ?? '') < (b.values[place] ?? '') ? -1 : 1;
}

export type { UnknownReason } from './windows.ts';
export { UNKNOWN_REASONS } from './windows.ts';
