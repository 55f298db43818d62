import type { Usd } from '../values/money.ts';
import { DAY, type Instant, type Range, startOfDay, startOfMonth } from '../values/time.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type BudgetPeriod = (typeof PERIODS)[number];

/** The labels by which a budget picks what it is about. */
export const BUDGET_LABELS = ['provider', 'account', 'resource', 'model', 'tier', 'currency'] as const;
export type BudgetLabel = (typeof BUDGET_LABELS)[number];

/** Patterns by label: one of them has to match, exactly or with `*` for any text and `?` for any character. Absent: anything. */
export type BudgetMatch = Readonly<Partial<Record<BudgetLabel, readonly string[] | undefined>>>;

/** A limit on what some label sets cost in a UTC day, week (from Monday) or month. */
export interface Budget {
  /** The label `budget`; unique. */
  readonly name: string;
  readonly limit: Usd;
  readonly period: BudgetPeriod;
  readonly match: BudgetMatch;
}

/** A label set of a budget's match, as far as it is known: an account alone has no resource. */
export type Labels = Readonly<Partial<Record<BudgetLabel, string>>>;

/** Tells which label sets a budget is about; labels that are not given match. */
export function matcherOf(match: BudgetMatch): (labels: Labels) => boolean {
  const tests = BUDGET_LABELS.flatMap((label) => {
    const patterns = match[label]?.map((pattern) => [...pattern]);
    return patterns ? [{ label, patterns }] : [];
  });
  return (labels) =>
    tests.every(({ label, patterns }) => {
      const value = labels[label];
      if (value === undefined) return true;
      const text = [...value];
      return patterns.some((pattern) => isMatch(pattern, text));
    });
}

/**
 * Whether a text matches, both by their characters. When it fails, only the last `*` takes one more: those before it need
 * not, so that no pattern takes long, as a regular expression of several may.
 */
function isMatch(pattern: readonly string[], text: readonly string[]): boolean {
  let [at, star, taken] = [0, -1, 0];
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      taken = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      index = ++taken;
    } else return false;
  }
  return pattern.slice(at).every((character) => character === '*');
}

/** The period that holds `now`. */
export function budgetPeriodAt(period: BudgetPeriod, now: Instant): Range {
  const day = startOfDay(now);
  switch (period) {
    case 'day':
      return { start: day, end: day + DAY };
    case 'week': {
      const start = day - ((new Date(day).getUTCDay() + 6) % 7) * DAY;
      return { start, end: start + 7 * DAY };
    }
    case 'month':
      return { start: startOfMonth(now), end: startOfMonth(now, 1) };
  }
}
