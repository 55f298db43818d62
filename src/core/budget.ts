import type { Usd } from './money.ts';
import { DAY, type Instant, type Range, startOfDay, startOfMonth } from './time.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

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
  readonly period: Period;
  readonly match: BudgetMatch;
}

/** A label set of a budget's match, as far as it is known: an account alone has no resource. */
export type Labels = Readonly<Partial<Record<BudgetLabel, string>>>;

/** Tells which label sets a budget is about; labels that are not given match. */
export function matcherOf(match: BudgetMatch): (labels: Labels) => boolean {
  const tests = BUDGET_LABELS.flatMap((label) => {
    const patterns = match[label]?.map(expressionOf);
    return patterns ? [{ label, patterns }] : [];
  });
  return (labels) =>
    tests.every(({ label, patterns }) => {
      const value = labels[label];
      return value === undefined || patterns.some((pattern) => pattern.test(value));
    });
}

function expressionOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 'su');
}

/** The period that holds `now`. */
export function periodAt(period: Period, now: Instant): Range {
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
