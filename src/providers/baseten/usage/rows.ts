import type { Charge, Measure } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { DAY, type Instant, intersection, type Range } from '../../../core/values/time.ts';
import { isWithin } from '../../api/plans.ts';
import { sum } from '../../api/readings.ts';
import {
  type Figures,
  type Item,
  type MaybeCategory,
  TIERS,
  type UsageCategory,
  type UsageSummary,
} from './schema.ts';

/** What was asked for, and the answer. */
export interface Answered {
  readonly asked: Range;
  readonly summary: UsageSummary;
}

/** What one row of a tier used on one UTC day. */
export interface Usage {
  readonly tier: string;
  readonly date: Instant;
  /** Undefined if the provider gives money without saying what for. */
  readonly item: Pick<Item, 'billable_resource' | 'model_name'> | undefined;
  readonly figures: Partial<Figures>;
  /** Of a day that was not asked for. */
  readonly isStray: boolean;
}

/** All that the answers list for one tier. */
export interface TierUsage {
  readonly tier: string;
  readonly rows: readonly Usage[];
  /** The category is absent or null, in whole or in days that money is missing from. */
  readonly isSilent: boolean;
}

/** Whether money or usage is not spread over the days: they are then asked for one by one. */
export function lacksDays(summary: UsageSummary): boolean {
  return TIERS.some(({ key }) => hasNoDays(summary[key]));
}

function hasNoDays(category: MaybeCategory): boolean {
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

/** Tier by tier, what the answers about a range, and about its days if {@link lacksDays} made them necessary, say was used. */
export function usageByTier(whole: Answered, allDays: readonly Answered[]): TierUsage[] {
  const days = allDays.filter(({ asked }) => intersection(asked, whole.asked));
  return TIERS.map(({ tier, key }) => {
    const category = whole.summary[key];
    const answers = days.length > 0 && hasNoDays(category) ? days : [whole];
    const parts = answers.map(({ summary }) => summary[key]);
    // Days may well be without the category, but not while money is missing from the whole.
    const isPartial =
      !parts.every(Boolean) && sum(parts.map((part) => part?.total ?? 0n)) < (category?.total ?? 0n);
    const rows = answers.flatMap(({ asked, summary }) =>
      rowsOf(summary[key], asked).map((row) => ({ tier, ...row, isStray: !isWithin(asked, row.date) })),
    );
    return { tier, rows, isSilent: !category || isPartial };
  });
}

/** An answer about a single day needs no `daily` to say which day it means. */
function rowsOf(category: MaybeCategory, asked: Range): Omit<Usage, 'tier' | 'isStray'>[] {
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

/** The billed facts of a row: cost and its parts, requests, run time and tokens, as far as its tier has them. */
export function chargesOf({ tier, date, item, figures }: Usage): Charge[] {
  const resource = item?.billable_resource;
  const model = (resource ? resource.model_name : item?.model_name) ?? '';
  const charge = (measure: Measure, value: Fixed | null | undefined, detail = ''): Charge[] =>
    typeof value === 'bigint'
      ? [{ at: date, measure, resource: resource?.id ?? '', model, tier, detail, value }]
      : [];
  return [
    ...charge('cost', figures.subtotal, 'USD'),
    ...charge('component_cost', figures.compute_cost, 'compute'),
    ...charge('component_cost', figures.surcharge_cost, 'surcharge'),
    ...charge('requests', figures.inference_requests),
    ...charge('billed_seconds', figures.minutes && figures.minutes * 60n),
    ...charge('tokens', uncachedOf(figures), 'input'),
    ...charge('tokens', figures.cached_input_tokens, 'cached_input'),
    ...charge('tokens', figures.output_tokens, 'output'),
  ];
}

/** The token types are disjoint, so that their sum is the tokens billed. */
function uncachedOf(figures: Partial<Figures>): Fixed | undefined {
  const { input_tokens: input, cached_input_tokens: cached = 0n } = figures;
  return input === undefined || exceedsInput(figures) ? input : input - cached;
}

/**
 * Whether the cached tokens cannot be a part of the input tokens, which they are to all appearances (a sibling endpoint lists
 * `uncached_input_tokens` beside them): more cached than input tokens must have been counted apart.
 */
export function exceedsInput({
  input_tokens: input,
  cached_input_tokens: cached,
}: Partial<Figures>): boolean {
  return input !== undefined && cached !== undefined && cached > input;
}
