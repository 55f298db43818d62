import { magnitude, type Usd } from '../values/money.ts';

/** The cost of a typical day: `usd / parts` dollars per part of a day. */
export interface TypicalDay {
  /** Net dollars of the days at the current level, with outliers limited. */
  readonly usd: Usd;
  /** The sum of the parts of those days: more than 0. */
  readonly parts: bigint;
  /** The parts of the day `index` days after the oldest one, which depend on its weekday. */
  partsOf(index: number): bigint;
}

/** The parts of a day whose weekday is like the others. */
const WHOLE = 1_000_000_000n;
const WEEK = 7;
const TWO_WEEKS = 2 * WEEK;
/** A new level needs this many days: one more than four weeks may have outliers on either side. */
const NEW_LEVEL_DAYS = 3;

/** The typical day of one or more consecutive whole days, oldest first. */
export function typicalDay(days: readonly Usd[]): TypicalDay {
  const limited = withinLimits(days);
  const weekdays = partsOfWeekdays(limited);
  const partsOf = (index: number) => weekdays[index % WEEK] ?? WHOLE;
  const parts = limited.map((_, index) => partsOf(index));
  const start = startOfLevel(limited, parts);
  return { usd: sum(limited.slice(start)), parts: sum(parts.slice(start)), partsOf };
}

/**
 * Limits outliers: days further from the median than three median deviations, and beyond all but one day (of four weeks: all but two)
 * on their side. What recurs every week is kept. With two days there is no telling which one is the outlier.
 */
function withinLimits(days: readonly Usd[]): readonly Usd[] {
  if (days.length < 3) return days;
  const outliers = Math.max(1, Math.floor(days.length / TWO_WEEKS));
  const sorted = days.toSorted(ascending);
  const median = at(sorted, days.length >> 1);
  const deviation = at(days.map((usd) => magnitude(usd - median)).sort(ascending), days.length >> 1);
  const low = lesser(median - 3n * deviation, at(sorted, outliers));
  const high = greater(median + 3n * deviation, at(sorted, days.length - 1 - outliers));
  return days.map((usd) => lesser(high, greater(low, usd)));
}

/**
 * The parts of each weekday, starting with that of the oldest day; empty for less than two weeks.
 *
 * Differences between weekdays count to the extent that they repeat: by 1 - (variance within weekdays / variance between them).
 */
function partsOfWeekdays(days: readonly Usd[]): readonly bigint[] {
  const weeks = BigInt(Math.floor(days.length / WEEK));
  const before = days.length % WEEK;
  const total = sum(days.slice(before));
  if (weeks < 2n || total <= 0n) return [];

  const sums = Array.from({ length: WEEK }, (_, weekday) =>
    sum(days.filter((_, index) => index >= before && index % WEEK === weekday)),
  );
  const between = sum(sums.map((each) => (7n * each - total) ** 2n));
  const within = sum(
    days.slice(before).map((usd, index) => (weeks * usd - at(sums, (before + index) % WEEK)) ** 2n),
  );
  const scale = weeks * (weeks - 1n) * between;
  // The degrees of freedom of both variances and the scales of both sums combine to 42.
  const repeated = scale - 42n * within;
  if (repeated <= 0n) return [];
  return sums.map((each) => {
    const parts = WHOLE + (WHOLE * (7n * each - total) * repeated) / (scale * total);
    return greater(0n, parts);
  });
}

/**
 * Where the current level starts: at the shortest run of latest days that all lie on one side of the two weeks before. Three to six days
 * must lie beyond all of those, seven or more beyond their middle half. Days that usually cost less than one typical day in total do not
 * make a level.
 */
function startOfLevel(days: readonly Usd[], parts: readonly bigint[]): number {
  const ranks = ranksOf(days, parts);
  for (let start = days.length - NEW_LEVEL_DAYS; start >= WEEK; start -= 1) {
    const before = ranks.slice(Math.max(0, start - TWO_WEEKS), start).sort((a, b) => a - b);
    const since = ranks.slice(start);
    const cut = since.length < WEEK ? 0 : (before.length - 1) >> 2;
    const [low = 0, high = 0] = [before[cut], before[before.length - 1 - cut]];
    const isNew = Math.min(...since) > high || Math.max(...since) < low;
    if (isNew && sum(parts.slice(start)) >= WHOLE) return start;
  }
  return 0;
}

/** The rank of each day by its cost per part; equal days share a rank. */
function ranksOf(days: readonly Usd[], parts: readonly bigint[]): readonly number[] {
  const weights = parts.map((each) => greater(each, 1n));
  const compare = (a: number, b: number) =>
    ascending(at(days, a) * at(weights, b), at(days, b) * at(weights, a));
  const order = days.map((_, index) => index).sort(compare);
  const ranks: number[] = [];
  let rank = 0;
  for (const [index, day] of order.entries()) {
    if (compare(order[index - 1] ?? day, day) < 0) rank += 1;
    ranks[day] = rank;
  }
  return ranks;
}

function at(values: readonly bigint[], index: number): bigint {
  return values[index] ?? 0n;
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
