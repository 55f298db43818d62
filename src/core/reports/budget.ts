import { globMatcher } from '../values/glob.ts';
import type { Usd } from '../values/money.ts';
import { DAY, type Instant, type Range, startOfDay, startOfMonth } from '../values/time.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type BudgetPeriod = (typeof PERIODS)[number];

export const BUDGET_LABELS = ['provider', 'account', 'resource', 'model', 'tier', 'currency'] as const;
export type BudgetLabel = (typeof BUDGET_LABELS)[number];

/** Patterns by label, of which one must match: `*` stands for any text, `?` for any character. Absent: anything matches. */
export type BudgetMatch = Readonly<Partial<Record<BudgetLabel, readonly string[] | undefined>>>;

export const BUDGET_SEVERITIES = ['critical', 'warning', 'info'] as const;

/** When a budget alerts, and how urgently. Prometheus decides with the rules; the exporter only publishes this. */
export interface BudgetAlerts {
  /** Fractions of the limit, ascending. */
  readonly alertAt: readonly number[];
  /** The severity of its alerts from the limit on. */
  readonly severity: (typeof BUDGET_SEVERITIES)[number];
}

export const DEFAULT_BUDGET_ALERTS: BudgetAlerts = { alertAt: [0.5, 0.8, 1], severity: 'warning' };

/** The cost of some label sets in a UTC day, week (from Monday) or month. */
export interface SpendScope {
  readonly period: BudgetPeriod;
  readonly match: BudgetMatch;
}

/** A limit on it. */
export interface Budget extends SpendScope, BudgetAlerts {
  /** The label `budget`; unique. */
  readonly name: string;
  readonly limit: Usd;
}

/** The month of everything, which is forecast without a limit. */
export const EVERYTHING: SpendScope = { period: 'month', match: {} };

/** The labels to match, as far as known: an account alone has no resource. */
export type Labels = Readonly<Partial<Record<BudgetLabel, string>>>;

/** Tests label sets against a budget; labels that are not given match. */
export function matcherOf(match: BudgetMatch): (labels: Labels) => boolean {
  const tests = BUDGET_LABELS.flatMap((label) => {
    const globs = match[label];
    return globs ? [{ label, isMatch: globMatcher(globs) }] : [];
  });
  return (labels) =>
    tests.every(({ label, isMatch }) => {
      const value = labels[label];
      return value === undefined || isMatch(value);
    });
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
