import type { SeriesRow } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Fixed } from '../values/money.ts';
import { DAY, type Instant, startOfDay } from '../values/time.ts';
import { netCosts } from './net-cost.ts';

/** Two accounts of which one has all costs of the other. */
export interface SharedCosts {
  /** The number of equal amounts, each of one label set on one UTC day. */
  readonly amounts: number;
  readonly days: number;
  /** The account whose costs the other one has too. */
  readonly contained: 'first' | 'second' | 'both';
}

/** Whole days that are compared; today is added. */
const COMPARED_DAYS = 7;
/** Fewer equal amounts may be coincidence. */
const MIN_AMOUNTS = 3;

/** Nonzero dollars by label set, by day. */
type CostsByDay = ReadonlyMap<Instant, ReadonlyMap<string, Fixed>>;

export type RecentCosts = ReadonlyMap<number, CostsByDay>;

/** Reads the costs of all accounts once: thousands of accounts make hundreds of thousands of pairs. */
export function recentCosts(state: LedgerState, now: Instant): RecentCosts {
  const today = startOfDay(now);
  const accounts = new Map<number, Map<Instant, Map<string, Fixed>>>();
  for (let back = 0; back <= COMPARED_DAYS; back += 1) {
    const day = today - back * DAY;
    for (const [row, usd] of netCosts(state, { kind: 'day', start: day })) {
      const account = state.streams.get(row.stream)?.account;
      if (account === undefined) continue;
      const costs = within(within(accounts, account), day);
      const labels = labelsOf(row);
      costs.set(labels, (costs.get(labels) ?? 0n) + usd);
    }
  }
  return accounts;
}

function within<Key, Inner, Value>(outer: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  const known = outer.get(key) ?? new Map<Inner, Value>();
  outer.set(key, known);
  return known;
}

/**
 * The pairs of accounts whose costs may be contained in each other, in the order of `accounts`. Accounts with identical costs on every day
 * are each paired with the first of them, and only the first is paired with others.
 */
export function likePairs(costs: RecentCosts, accounts: readonly number[], now: Instant): [number, number][] {
  const bills = Map.groupBy(
    accounts.filter((account) => amountsOf(costs.get(account)).length >= MIN_AMOUNTS),
    (account) => billOf(costs.get(account), startOfDay(now)),
  );
  const pairs: [number, number][] = [];
  const holders = new Map<string, number[]>();
  for (const [first, ...others] of bills.values()) {
    if (first === undefined) continue;
    const shared = new Map<number, number>();
    for (const amount of amountsOf(costs.get(first))) {
      const known = holders.get(amount) ?? [];
      for (const holder of known) shared.set(holder, (shared.get(holder) ?? 0) + 1);
      known.push(first);
      holders.set(amount, known);
    }
    for (const [holder, count] of shared) if (count >= MIN_AMOUNTS) pairs.push([holder, first]);
    for (const other of others) pairs.push([first, other]);
  }
  return pairs;
}

/** Equal for accounts that cost the same: on whole days, or including today if those have too few amounts. */
function billOf(costs: CostsByDay | undefined, today: Instant): string {
  const all = amountsOf(costs);
  const whole = all.filter((amount) => !amount.startsWith(`${today}\0`));
  return (whole.length < MIN_AMOUNTS ? all : whole).sort().join('\n');
}

function amountsOf(costs: CostsByDay | undefined): string[] {
  return [...(costs ?? [])].flatMap(([day, amounts]) =>
    [...amounts].map(([labels, value]) => `${day}\0${labels}\0${value}`),
  );
}

/**
 * Whether all costs of one account, on the days on which both have costs, are also costs of the other, to the last digit of every label set.
 *
 * Two accounts are read at different moments, so today may differ even if the bill is the same: it counts only if the whole days have too
 * few amounts.
 */
export function containedCosts(
  costs: RecentCosts,
  [first, second]: readonly [number, number],
  now: Instant,
): SharedCosts | undefined {
  const today = startOfDay(now);
  const [a, b] = [costs.get(first), costs.get(second)];
  if (!a || !b) return undefined;
  return compare(withoutDay(a, today), withoutDay(b, today)) ?? compare(a, b);
}

function withoutDay(costs: CostsByDay, day: Instant): CostsByDay {
  return new Map([...costs].filter(([each]) => each !== day));
}

/** No label contains the separator: see `series-allocator.ts`. */
function labelsOf({ resource, model, tier, detail }: SeriesRow): string {
  return [resource, model, tier, detail].join('\0');
}

function compare(a: CostsByDay, b: CostsByDay): SharedCosts | undefined {
  const days = [...a]
    .filter(([day, costs]) => costs.size > 0 && (b.get(day)?.size ?? 0) > 0)
    .map(([day]) => day);
  const [inB, inA] = [countWithin(a, b, days), countWithin(b, a, days)];
  const amounts = inB ?? inA;
  if (amounts === undefined || amounts < MIN_AMOUNTS) return undefined;
  const contained = inB === undefined ? 'second' : inA === undefined ? 'first' : 'both';
  return { amounts, days: days.length, contained };
}

/** How many amounts of `part` there are, if all of them are in `whole`. */
function countWithin(part: CostsByDay, whole: CostsByDay, days: readonly Instant[]): number | undefined {
  const amounts = days.flatMap((day) =>
    [...(part.get(day) ?? [])].map(([labels, value]) => whole.get(day)?.get(labels) === value),
  );
  return amounts.every(Boolean) ? amounts.length : undefined;
}
