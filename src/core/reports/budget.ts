import type { Usd } from '../values/money.ts';
import { DAY, type Instant, type Range, startOfDay, startOfMonth } from '../values/time.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type BudgetPeriod = (typeof PERIODS)[number];

export const BUDGET_LABELS = ['provider', 'account', 'resource', 'model', 'tier', 'currency'] as const;
export type BudgetLabel = (typeof BUDGET_LABELS)[number];

/** Patterns by label, of which one must match: `*` stands for any text, `?` for any character. Absent: anything matches. */
export type BudgetMatch = Readonly<Partial<Record<BudgetLabel, readonly string[] | undefined>>>;

/** A limit on the cost of some label sets in a UTC day, week (from Monday) or month. */
export interface Budget {
  /** The label `budget`; unique. */
  readonly name: string;
  readonly limit: Usd;
  readonly period: BudgetPeriod;
  readonly match: BudgetMatch;
}

/** The labels to match, as far as known: an account alone has no resource. */
export type Labels = Readonly<Partial<Record<BudgetLabel, string>>>;

/** Tests label sets against a budget; labels that are not given match. */
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
 * Whether a text matches a pattern, both as characters. On a mismatch only the last `*` is extended by one character, so matching stays
 * fast, unlike a regular expression with several wildcards.
 */
function isMatch(pattern: readonly string[], text: readonly string[]): boolean {
  let [at, star, matched] = [0, -1, 0];
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      matched = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      index = ++matched;
    } else return false;
  }
  return pattern.slice(at).every((character) => character === '*');
}

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
