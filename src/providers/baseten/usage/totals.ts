import type { Charge, Observation, Reconciliation } from '../../../core/statement/statement.ts';
import { type Fixed, magnitude } from '../../../core/values/money.ts';
import { startOfMonth } from '../../../core/values/time.ts';
import { observe, sum } from '../../api/readings.ts';
import type { Answered } from './rows.ts';
import { type MaybeCategory, TIERS } from './schema.ts';

const MONTH_TOTALS = [
  ['monthGross', 'total'],
  ['monthCredits', 'credits_used'],
  ['monthNet', 'subtotal'],
] as const;

/** The provider's totals of the month, before and after account credits; if a category or total is missing, nothing is known. */
export function monthTotalsOf(months: readonly Answered[]): Observation[] {
  const [newest] = months;
  if (!newest) return [];
  const until = startOfMonth(newest.asked.start, 1);
  return TIERS.flatMap(({ tier, key }) => {
    const categories = months.map(({ summary }) => summary[key]);
    return MONTH_TOTALS.flatMap(([metric, total]) =>
      observe(metric, { tier }, totalOf(categories, total)).map((one) => ({ ...one, until })),
    );
  });
}

/** Undefined while it is missing from any of the categories: a part must not pass for the whole. */
function totalOf(
  categories: readonly MaybeCategory[],
  total: (typeof MONTH_TOTALS)[number][1],
): Fixed | undefined {
  const values = categories.flatMap((category) => category?.[total] ?? []);
  return values.length === categories.length ? sum(values) : undefined;
}

/**
 * The categories' own total less what their rows come to.
 *
 * Whether rows are before or after account credits is not documented: the nearer of the two totals is the one compared.
 */
export function reconciliationOf(
  answers: readonly Answered[],
  charges: readonly Charge[],
): Reconciliation | undefined {
  const categories = answers.flatMap(({ summary }) => TIERS.flatMap(({ key }) => summary[key] ?? []));
  if (categories.length === 0) return undefined;
  const listed = sum(charges.filter(({ measure }) => measure === 'cost').map(({ value }) => value));
  const gross = sum(categories.map(({ total }) => total)) - listed;
  const net = totalOf(categories, 'subtotal');
  return net !== undefined && magnitude(net - listed) < magnitude(gross)
    ? { difference: net - listed, against: 'subtotal, after credits' }
    : { difference: gross, against: 'total, before credits' };
}
