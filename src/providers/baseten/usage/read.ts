import type { Charge, Drift, Observation, Reconciliation } from '../../../core/statement/statement.ts';
import { magnitude } from '../../../core/values/money.ts';
import { intersection, isoDay, startOfMonth } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { steppedReader } from '../../api/feeds.ts';
import type { RangeReading, Reader } from '../../api/provider.ts';
import { observe, reading, sum, sumOfAll } from '../../api/readings.ts';
import type { Steps } from '../../api/steps.ts';
import { SHORTER_STATE, type UsagePage } from './ask.ts';
import { type Names, resourcesOf } from './facts.ts';
import { type Answered, chargesOf, exceedsInput, type Usage, usageByTier } from './rows.ts';
import { KINDS, TIERS } from './schema.ts';

const MONTH_TOTALS = [
  ['monthGross', 'total'],
  ['monthCredits', 'credits_used'],
  ['monthNet', 'subtotal'],
] as const;

/** Reads the answers about a range of UTC days, and about the month to date if that was asked for too. */
export function usageReader(names: Names): Reader<UsagePage> {
  return steppedReader((pages) => readingOf(pages, names));
}

function* readingOf(pages: readonly UsagePage[], names: Names): Steps<RangeReading> {
  const {
    range: wholes = [],
    day: days = [],
    month: months = [],
  } = Object.groupBy(pages, (page) => page.about);
  const [newest, oldest] = [wholes[0], wholes.at(-1)];
  if (!newest || !oldest) throw new RangeError('the answer about the whole range is missing');
  const tiers = wholes.flatMap((whole) =>
    usageByTier(
      whole,
      days.filter(({ asked }) => intersection(asked, whole.asked)),
    ),
  );
  yield;
  const rows = tiers.flatMap((one) => one.rows);
  const usage = rows.filter(({ isStray }) => !isStray);
  const charges: Charge[] = [];
  for (const row of usage) {
    charges.push(...chargesOf(row));
    yield;
  }
  const resources = resourcesOf(usage, names);
  yield;
  const range = { start: oldest.asked.start, end: newest.asked.end };
  const omittedTiers = [...new Set(tiers.filter(({ isSilent }) => isSilent).map(({ tier }) => tier))];
  return reading({
    statement: { granularity: 'day', range, charges, omittedTiers },
    resources,
    observations: monthTotalsOf(months),
    reconciliation: months.length > 0 ? reconciliationOf(wholes, charges) : undefined,
    state: wholes.length > 1 ? SHORTER_STATE : undefined,
    drift: driftOf(rows),
  });
}

function driftOf(rows: readonly Usage[]): Drift[] {
  const drift = new DriftLog();
  for (const { tier, date } of rows.filter(({ isStray }) => isStray))
    drift.add('stray_row', `${tier} ${isoDay(date)}`);
  for (const { item, figures } of rows.filter(({ isStray }) => !isStray)) {
    if (exceedsInput(figures)) drift.add('cached_exceeds_input', item?.model_name ?? '');
    drift.addUnknown(item?.billable_resource?.kind, KINDS, 'kind');
  }
  return drift.list();
}

/** The provider's totals of the month, before and after account credits; if a category or total is missing, nothing is known. */
function monthTotalsOf(months: readonly Answered[]): Observation[] {
  const [newest] = months;
  if (!newest) return [];
  const until = startOfMonth(newest.asked.start, 1);
  return TIERS.flatMap(({ tier, key }) => {
    const categories = months.map(({ summary }) => summary[key]);
    return MONTH_TOTALS.flatMap(([metric, total]) =>
      observe(metric, { tier }, sumOfAll(categories.map((category) => category?.[total]))).map((one) => ({
        ...one,
        until,
      })),
    );
  });
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
  const categories = answers.flatMap(({ summary }) => TIERS.flatMap(({ key }) => summary[key] ?? []));
  if (categories.length === 0) return undefined;
  const listed = sum(charges.filter(({ measure }) => measure === 'cost').map(({ value }) => value));
  const gross = sum(categories.map(({ total }) => total)) - listed;
  const net = sumOfAll(categories.map(({ subtotal }) => subtotal));
  return net !== undefined && magnitude(net - listed) < magnitude(gross)
    ? { difference: net - listed, against: 'subtotal, after credits' }
    : { difference: gross, against: 'total, before credits' };
}
