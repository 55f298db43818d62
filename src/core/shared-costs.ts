import type { Book } from './book.ts';
import type { Fixed } from './money.ts';
import type { SeriesRow } from './store.ts';
import { DAY, type Instant, startOfDay } from './time.ts';

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
type Costs = ReadonlyMap<Instant, ReadonlyMap<string, Fixed>>;

/**
 * Whether all costs of one account on the days that both have costs on are costs of the other, equal to the last digit in every label set.
 *
 * Two accounts are read at different moments, so that today may differ although the bill is one: it counts only where the whole days tell
 * too little.
 */
export function containedCosts(
  book: Book,
  [first, second]: readonly [number, number],
  now: Instant,
): SharedCosts | undefined {
  const today = startOfDay(now);
  const wholeDays = Array.from({ length: COMPARED_DAYS }, (_, index) => today - (index + 1) * DAY);
  const compare = (days: readonly Instant[]) =>
    comparedBy(costsOf(book, first, days), costsOf(book, second, days));
  return compare(wholeDays) ?? compare([today, ...wholeDays]);
}

function costsOf(book: Book, account: number, days: readonly Instant[]): Costs {
  return new Map(days.map((day) => [day, costsOn(book, account, day)]));
}

function costsOn(book: Book, account: number, day: Instant): ReadonlyMap<string, Fixed> {
  const costs = new Map<string, Fixed>();
  for (const [id, value] of book.sums('day', day)) {
    const row = book.series.get(id);
    if (value === 0n || !row || book.streams.get(row.stream)?.account !== account) continue;
    const labels = labelsOf(row);
    costs.set(labels, (costs.get(labels) ?? 0n) + value);
  }
  return costs;
}

/** No label holds the separator: see `assign.ts`. */
function labelsOf({ resource, model, tier, detail }: SeriesRow): string {
  return [resource, model, tier, detail].join('\0');
}

function comparedBy(a: Costs, b: Costs): SharedCosts | undefined {
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
function countWithin(part: Costs, whole: Costs, days: readonly Instant[]): number | undefined {
  const amounts = days.flatMap((day) =>
    [...(part.get(day) ?? [])].map(([labels, value]) => whole.get(day)?.get(labels) === value),
  );
  return amounts.every(Boolean) ? amounts.length : undefined;
}
