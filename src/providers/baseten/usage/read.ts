import type { Charge, Drift } from '../../../core/statement/statement.ts';
import { intersection, isoDay, type Range } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { steppedReader } from '../../api/feeds.ts';
import type { RangeReading, Reader } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import type { Steps } from '../../api/steps.ts';
import type { UsagePage } from './ask.ts';
import { chargesOf, exceedsInput } from './charges.ts';
import { resourcesOf } from './facts.ts';
import { SHORTER_STATE } from './longest.ts';
import type { Names } from './names.ts';
import { type Answered, type TierUsage, usageByTier } from './rows.ts';
import { KINDS } from './schema.ts';
import { monthTotalsOf, reconciliationOf } from './totals.ts';

/** Reads the answers about a range of UTC days, and about the month to date if that was asked for too. */
export function usageReader(names: Names): Reader<UsagePage> {
  return steppedReader((pages) => readingOf(pages, names));
}

function* readingOf(pages: readonly UsagePage[], names: Names): Steps<RangeReading> {
  const wholes = pages.filter(({ about }) => about === 'range');
  const days = pages.filter(({ about }) => about === 'day');
  const months = pages.filter(({ about }) => about === 'month');
  if (wholes.length === 0) throw new RangeError('the answer about the whole range is missing');
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
  const resources = resourcesOf(usage, names);
  yield;
  const omittedTiers = [...new Set(tiers.filter(({ isSilent }) => isSilent).map(({ tier }) => tier))];
  return reading({
    statement: { granularity: 'day', range: spanOf(wholes), charges, omittedTiers },
    resources,
    observations: monthTotalsOf(months),
    reconciliation: months.length > 0 ? reconciliationOf(wholes, charges) : undefined,
    state: wholes.length > 1 ? SHORTER_STATE : undefined,
    drift: driftOf(tiers),
  });
}

/** What answers about adjoining ranges cover together. */
function spanOf(answers: readonly Answered[]): Range {
  const start = Math.min(...answers.map(({ asked }) => asked.start));
  return { start, end: Math.max(...answers.map(({ asked }) => asked.end)) };
}

function driftOf(tiers: readonly TierUsage[]): Drift[] {
  const drift = new DriftLog();
  for (const { tier, strays, usage } of tiers) {
    for (const { date } of strays) drift.add('stray_row', `${tier} ${isoDay(date)}`);
    for (const { item, figures } of usage) {
      if (exceedsInput(figures)) drift.add('cached_exceeds_input', item?.model_name ?? '');
      drift.addUnknown(item?.billable_resource?.kind, KINDS, 'kind');
    }
  }
  return drift.list();
}
