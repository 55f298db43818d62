import type { Fixed } from '../../core/money.ts';
import type { Drift, Line, Observation, Reading, Reconciliation } from '../../core/statement.ts';
import { isoDay, startOfMonth } from '../../core/time.ts';
import type { Reader } from '../provider.ts';
import { unknownFieldsOf } from '../unknown-fields.ts';
import { factsOf } from './facts.ts';
import { linesOf, tokenDriftOf } from './lines.ts';
import type { Names } from './names.ts';
import { categoryOf, KINDS, TIERS, UsageSummary } from './schema.ts';
import { type Answered, type TierUsage, type Usage, usageByTier } from './usage.ts';

/** One answer: about the whole range (always the first page), about one day of it, or about the month to date. */
export interface Page extends Answered {
  readonly about: 'range' | 'day' | 'month';
}

/** Reads the answers about a range of UTC days, and about the month to date where that was asked for too. */
export function usageReader(names: Names): Reader<Page> {
  const pages: Page[] = [];
  return {
    take: (page) => void pages.push(page),
    done: () => readingOf(pages, names),
  };
}

function readingOf(pages: readonly Page[], names: Names): Reading {
  const whole = pages.find(({ about }) => about === 'range');
  if (!whole) throw new RangeError('the answer about the whole range is missing');
  const tiers = usageByTier({ whole, days: pages.filter(({ about }) => about === 'day') });
  const usage = tiers.flatMap((one) => one.usage);
  const lines = usage.flatMap(linesOf);
  const silentTiers = tiers.filter(({ isSilent }) => isSilent).map(({ tier }) => tier);
  const months = pages.filter(({ about }) => about === 'month');
  const reconciliation = months.length > 0 ? reconciliationOf(whole.summary, lines) : undefined;
  return {
    statement: { granularity: 'day', range: whole.asked, lines, silentTiers },
    resources: factsOf(usage, names),
    observations: months.flatMap(monthTotalsOf),
    ...(reconciliation && { reconciliation }),
    drift: distinct([
      ...tiers.flatMap(strayDriftOf),
      ...usage.flatMap(tokenDriftOf),
      ...usage.flatMap(kindDriftOf),
      ...pages.flatMap(({ summary }) => unknownFieldsOf(UsageSummary, summary)),
    ]),
  };
}

/** The provider's totals of the month, before and after account credits; where a category is missing, nothing is known. */
function monthTotalsOf({ asked, summary }: Page): Observation[] {
  const until = startOfMonth(asked.start, 1);
  return TIERS.flatMap(({ tier, key }) => {
    const category = categoryOf(summary, key);
    if (!category) return [];
    const { total, credits_used, subtotal } = category;
    const totals = { monthGross: total, monthCredits: credits_used, monthNet: subtotal };
    return Object.entries(totals).map(([metric, value]) => ({ metric, labels: { tier }, value, until }));
  });
}

/**
 * The categories' own total less what their rows come to.
 *
 * Whether rows are before or after account credits is not documented: the nearer of the two totals is the one compared.
 */
function reconciliationOf(summary: UsageSummary, lines: readonly Line[]): Reconciliation | undefined {
  const categories = TIERS.flatMap(({ key }) => categoryOf(summary, key) ?? []);
  if (categories.length === 0) return undefined;
  const listed = sum(lines.filter(({ measure }) => measure === 'cost').map(({ value }) => value));
  const gross = sum(categories.map(({ total }) => total)) - listed;
  const net = sum(categories.map(({ subtotal }) => subtotal)) - listed;
  return magnitude(net) < magnitude(gross)
    ? { difference: net, against: 'subtotal, after credits' }
    : { difference: gross, against: 'total, before credits' };
}

function sum(values: readonly Fixed[]): Fixed {
  return values.reduce((total, value) => total + value, 0n);
}

function magnitude(value: Fixed): Fixed {
  return value < 0n ? -value : value;
}

function strayDriftOf({ tier, strays }: TierUsage): Drift[] {
  return strays.map(({ date }) => ({ kind: 'stray_row', what: `${tier} ${isoDay(date)}` }));
}

function kindDriftOf({ item }: Usage): Drift[] {
  const kind = item?.billable_resource?.kind;
  return kind && !KINDS.has(kind) ? [{ kind: 'unknown_value', what: `kind ${kind}` }] : [];
}

/** Each oddity once a reading, however many rows show it. */
function distinct(drifts: readonly Drift[]): Drift[] {
  return [...new Map(drifts.map((drift) => [`${drift.kind} ${drift.what}`, drift])).values()];
}
