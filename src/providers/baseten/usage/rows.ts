import { DAY, type Instant, type Range } from '../../../core/values/time.ts';
import { isWithin } from '../../api/plans.ts';
import { type Figures, type Item, TIERS, type UsageCategory, type UsageSummary } from './schema.ts';

/** What was asked for, and the answer. */
export interface Answered {
  readonly asked: Range;
  readonly summary: UsageSummary;
}

/** The answers about one range, and about each of its days if {@link lacksDays} made them necessary. */
export interface Answers {
  readonly whole: Answered;
  readonly days: readonly Answered[];
}

/** What one row of a tier used on one UTC day. */
export interface Usage {
  readonly tier: string;
  readonly date: Instant;
  /** Undefined if the provider gives money without saying what for. */
  readonly item: Item | undefined;
  readonly figures: Figures;
}

/** All that the answers list for one tier. */
export interface TierUsage {
  readonly tier: string;
  readonly usage: readonly Usage[];
  /** Rows of days that were not asked for. */
  readonly strays: readonly Usage[];
  /** The category is absent or null, in whole or in days that money is missing from. */
  readonly isSilent: boolean;
}

/** Whether money or usage is not spread over the days: they are then asked for one by one. */
export function lacksDays(summary: UsageSummary): boolean {
  return TIERS.some(({ key }) => hasNoDays(summary[key]));
}

function hasNoDays(category: UsageCategory | null | undefined): boolean {
  if (!category) return false;
  const items = category.breakdown ?? [];
  if (items.length === 0) return isSomething(grossOf(category));
  return items.some((item) => !item.daily?.length && isSomething(item));
}

function isSomething({ subtotal, minutes, inference_requests: requests, ...tokens }: Figures): boolean {
  const { input_tokens: input, cached_input_tokens: cached, output_tokens: output } = tokens;
  return [subtotal, minutes, requests, input, cached, output].some(Boolean);
}

/** A category's own figures, before account credits. */
function grossOf({ total, minutes }: UsageCategory): Figures {
  return { subtotal: total, minutes };
}

/** Tier by tier, what the answers say was used. */
export function usageByTier({ whole, days }: Answers): TierUsage[] {
  return TIERS.map(({ tier, key }) => {
    const category = whole.summary[key];
    const answers = days.length > 0 && hasNoDays(category) ? days : [whole];
    const parts = answers.map(({ summary }) => summary[key]);
    const rows = answers.flatMap(({ asked, summary }) =>
      rowsOf(summary[key], asked).map((row) => ({ tier, ...row, isStray: !isWithin(asked, row.date) })),
    );
    return {
      tier,
      usage: rows.filter(({ isStray }) => !isStray),
      strays: rows.filter(({ isStray }) => isStray),
      isSilent: isSilent(category, parts),
    };
  });
}

/** Days may well be without the category, but not while money is missing from the whole. */
function isSilent(
  whole: UsageCategory | null | undefined,
  parts: readonly (UsageCategory | null | undefined)[],
): boolean {
  if (!whole) return true;
  const inParts = parts.reduce((sum, part) => sum + (part?.total ?? 0n), 0n);
  return !parts.every(Boolean) && inParts < whole.total;
}

/** An answer about a single day needs no `daily` to say which day it means. */
function rowsOf(category: UsageCategory | null | undefined, asked: Range): Omit<Usage, 'tier'>[] {
  if (!category) return [];
  const isOneDay = asked.end - asked.start === DAY;
  const ofDay = (item: Item | undefined, figures: Figures) =>
    isOneDay && isSomething(figures) ? [{ date: asked.start, item, figures }] : [];
  const items = category.breakdown ?? [];
  if (items.length === 0) return ofDay(undefined, grossOf(category));
  return items.flatMap((item) =>
    item.daily?.length
      ? item.daily.map((figures) => ({ date: figures.date, item, figures }))
      : ofDay(item, item),
  );
}
