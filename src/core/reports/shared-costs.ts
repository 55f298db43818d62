import type { SeriesRow } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Fixed } from '../values/money.ts';
import { DAY, type Instant, startOfDay } from '../values/time.ts';

/** That everything one account costs, another costs too. */
export interface SharedCosts {
  /** How many amounts are the same, each of one label set on one UTC day. */
  readonly amounts: number;
  readonly days: number;
  /** Whose costs are all among the other's. */
  readonly contained: 'first' | 'second' | 'both';
}

/** Whole days that are compared, and today. */
const COMPARED_DAYS = 7;
/** Fewer equal amounts may be chance. */
const MIN_AMOUNTS = 3;

/** Nonzero dollars by label set, by day. */
type CostsByHour = ReadonlyMap<Instant, ReadonlyMap<string, Fixed>>;

/** What accounts cost on the days that are compared, by account. */
export type RecentCosts = ReadonlyMap<number, CostsByHour>;

/** Reads the costs of all accounts once: thousands of accounts make hundreds of thousands of pairs. */
export function recentCosts(book: LedgerState, now: Instant): RecentCosts {
  const today = startOfDay(now);
  const accounts = new Map<number, Map<Instant, Map<string, Fixed>>>();
  for (let back = 0; back <= COMPARED_DAYS; back += 1) {
    const day = today - back * DAY;
    for (const [id, value] of book.periodTotals('day', day)) {
      const row = book.series.get(id);
      const account = row && book.streams.get(row.stream)?.account;
      if (value === 0n || !row || account === undefined) continue;
      const costs = within(within(accounts, account), day);
      const labels = labelsOf(row);
      costs.set(labels, (costs.get(labels) ?? 0n) + value);
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
 * The pairs of accounts of which one's costs may be the other's, each in the order of `accounts`. Of accounts that cost the same on every
 * day, each is paired with the first, and only the first with others.
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

/** Equal for accounts that cost the same: on whole days, or with today where those tell too little. */
function billOf(costs: CostsByHour | undefined, today: Instant): string {
  const all = amountsOf(costs);
  const whole = all.filter((amount) => !amount.startsWith(`${today}\0`));
  return (whole.length < MIN_AMOUNTS ? all : whole).sort().join('\n');
}

function amountsOf(costs: CostsByHour | undefined): string[] {
  return [...(costs ?? [])].flatMap(([day, amounts]) =>
    [...amounts].map(([labels, value]) => `${day}\0${labels}\0${value}`),
  );
}

/**
 * Whether all costs of one account on the days that both have costs on are costs of the other, equal to the last digit in every label set.
 *
 * Two accounts are read at different moments, so that today may differ although the bill is one: it counts only where the whole days tell
 * too little.
 */
export function containedCosts(
  costs: RecentCosts,
  [first, second]: readonly [number, number],
  now: Instant,
): SharedCosts | undefined {
  const today = startOfDay(now);
  const [a, b] = [costs.get(first), costs.get(second)];
  if (!a || !b) return undefined;
  return comparedBy(withoutDay(a, today), withoutDay(b, today)) ?? comparedBy(a, b);
}

function withoutDay(costs: CostsByHour, day: Instant): CostsByHour {
  return new Map([...costs].filter(([each]) => each !== day));
}

/** No label holds the separator: see `assign.ts`. */
function labelsOf({ resource, model, tier, detail }: SeriesRow): string {
  return [resource, model, tier, detail].join('\0');
}

function comparedBy(a: CostsByHour, b: CostsByHour): SharedCosts | undefined {
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
function countWithin(part: CostsByHour, whole: CostsByHour, days: readonly Instant[]): number | undefined {
  const amounts = days.flatMap((day) =>
    [...(part.get(day) ?? [])].map(([labels, value]) => whole.get(day)?.get(labels) === value),
  );
  return amounts.every(Boolean) ? amounts.length : undefined;
}
