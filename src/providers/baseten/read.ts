import type { Charge, Drift, Observation, Reading, Reconciliation } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import { intersection, isoDay, type Range, startOfMonth } from '../../core/values/time.ts';
import type { Reader } from '../api/provider.ts';
import { type Steps, takeAll } from '../api/steps.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { factsOf } from './facts.ts';
import { chargesOf, tokenDriftOf } from './lines.ts';
import { SHORTER_MEMO } from './longest.ts';
import type { Names } from './names.ts';
import { categoryOf, KINDS, TIERS, type UsageCategory, UsageSummary } from './schema.ts';
import { type Answered, type TierUsage, type Usage, usageByTier } from './usage.ts';

/** One answer: about the whole range or a part of it (always the first pages), about one day of it, or about the month to date. */
export interface AnswersOfRange extends Answered {
  readonly about: 'range' | 'day' | 'month';
}

/** Reads the answers about a range of UTC days, and about the month to date where that was asked for too. */
export function usageReader(names: Names): Reader<AnswersOfRange> {
  const pages: AnswersOfRange[] = [];
  return {
    add: (page) => void pages.push(page),
    finish: () => takeAll(readingOf(pages, names)),
    finishInSteps: () => readingOf(pages, names),
  };
}

function* readingOf(
  pages: readonly AnswersOfRange[],
  names: Names,
): Steps<Reading & { readonly state?: string }> {
  const wholes = pages.filter(({ about }) => about === 'range');
  if (wholes.length === 0) throw new RangeError('the answer about the whole range is missing');
  const days = pages.filter(({ about }) => about === 'day');
  const tiers = wholes.flatMap((whole) =>
    usageByTier({ whole, days: days.filter(({ asked }) => intersection(asked, whole.asked)) }),
  );
  yield;
  const usage = tiers.flatMap((one) => one.usage);
  const charges: Charge[] = [];
  for (const row of usage) {
    charges.push(...chargesOf(row));
    yield;
  }
  const resources = factsOf(usage, names);
  yield;
  const unknownFields: Drift[] = [];
  for (const { summary } of pages) {
    unknownFields.push(...unknownFieldsOf(UsageSummary, summary));
    yield;
  }
  const silentTiers = [...new Set(tiers.filter(({ isSilent }) => isSilent).map(({ tier }) => tier))];
  const months = pages.filter(({ about }) => about === 'month');
  const reconciliation = months.length > 0 ? reconciliationOf(wholes, charges) : undefined;
  return {
    statement: { granularity: 'day', range: spanOf(wholes), charges, silentTiers },
    resources,
    observations: monthTotalsOf(months),
    ...(reconciliation && { reconciliation }),
    ...(wholes.length > 1 && { state: SHORTER_MEMO }),
    drift: distinct([
      ...tiers.flatMap(strayDriftOf),
      ...usage.flatMap(tokenDriftOf),
      ...usage.flatMap(kindDriftOf),
      ...unknownFields,
    ]),
  };
}

/** What answers about adjoining ranges cover together. */
function spanOf(answers: readonly Answered[]): Range {
  const start = Math.min(...answers.map(({ asked }) => asked.start));
  return { start, end: Math.max(...answers.map(({ asked }) => asked.end)) };
}

const MONTH_TOTALS = { monthGross: 'total', monthCredits: 'credits_used', monthNet: 'subtotal' } as const;

/** The provider's totals of the month, before and after account credits; where a category or total is missing, nothing is known. */
function monthTotalsOf(months: readonly AnswersOfRange[]): Observation[] {
  if (months.length === 0) return [];
  const until = startOfMonth(spanOf(months).start, 1);
  return TIERS.flatMap(({ tier, key }) => {
    const categories = months.map(({ summary }) => categoryOf(summary, key));
    return Object.entries(MONTH_TOTALS).flatMap(([metric, name]): Observation[] => {
      const value = totalOf(categories, name);
      return value === undefined ? [] : [{ metric, labels: { tier }, value, until }];
    });
  });
}

/** Undefined while it is missing from any of the categories: a part must not pass for the whole. */
function totalOf(
  categories: readonly (UsageCategory | undefined)[],
  name: (typeof MONTH_TOTALS)[keyof typeof MONTH_TOTALS],
): Fixed | undefined {
  const values = categories.flatMap((category) => category?.[name] ?? []);
  return values.length === categories.length ? sum(values) : undefined;
}

/**
 * The categories' own total less what their rows come to.
 *
 * Whether rows are before or after account credits is not documented: the nearer of the two totals is the one compared.
 */
function reconciliationOf(
  answers: readonly Answered[],
  charges: readonly Charge[],
): Reconciliation | undefined {
  const categories = answers.flatMap(({ summary }) =>
    TIERS.flatMap(({ key }) => categoryOf(summary, key) ?? []),
  );
  if (categories.length === 0) return undefined;
  const listed = sum(charges.filter(({ measure }) => measure === 'cost').map(({ value }) => value));
  const gross = sum(categories.map(({ total }) => total)) - listed;
  const net = totalOf(categories, 'subtotal');
  return net !== undefined && magnitude(net - listed) < magnitude(gross)
    ? { difference: net - listed, against: 'subtotal, after credits' }
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
