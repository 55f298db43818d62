import type { Instant, Range } from '../../core/values/time.ts';
import { DAY } from '../../core/values/time.ts';
import {
  categoryOf,
  type Figures,
  type Item,
  TIERS,
  type UsageCategory,
  type UsageSummary,
} from './schema.ts';

/** What was asked for, and the answer. */
export interface Answered {
  readonly asked: Range;
  readonly summary: UsageSummary;
}

/** The answers about one range, and about each of its days where {@link lacksDays} made them necessary. */
export interface Answers {
  readonly whole: Answered;
  readonly days: readonly Answered[];
}

/** What one row of a tier used on one UTC day. */
export interface Usage {
  readonly tier: string;
  readonly date: Instant;
  /** Undefined where the provider gives money without saying what for. */
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
  return TIERS.some(({ key }) => hasNoDays(categoryOf(summary, key)));
}

function hasNoDays(category: UsageCategory | undefined): boolean {
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
    const category = categoryOf(whole.summary, key);
    const answers = days.length > 0 && hasNoDays(category) ? days : [whole];
    const found = answers.map(({ asked, summary }) => ({ asked, category: categoryOf(summary, key) }));
    const rows = found.map((one) => rowsOf(tier, one.category, one.asked));
    return {
      tier,
      usage: rows.flatMap(({ inside }) => inside),
      strays: rows.flatMap(({ outside }) => outside),
      isSilent: isSilent(
        category,
        found.map((one) => one.category),
      ),
    };
  });
}

/** Days may well be without the category, but not while money is missing from the whole. */
function isSilent(whole: UsageCategory | undefined, parts: readonly (UsageCategory | undefined)[]): boolean {
  if (!whole) return true;
  const inParts = parts.reduce((sum, part) => sum + (part?.total ?? 0n), 0n);
  return parts.includes(undefined) && inParts < whole.total;
}

function rowsOf(tier: string, category: UsageCategory | undefined, asked: Range) {
  const rows = category ? allRowsOf(category, asked).map((row): Usage => ({ tier, ...row })) : [];
  const isInside = ({ date }: Usage) => asked.start <= date && date < asked.end;
  return { inside: rows.filter(isInside), outside: rows.filter((row) => !isInside(row)) };
}

/** An answer about a single day needs no `daily` to say which day it means. */
function allRowsOf(category: UsageCategory, asked: Range): Omit<Usage, 'tier'>[] {
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
