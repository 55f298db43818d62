import type { Charge, Drift } from '../../../core/statement/statement.ts';
import { intersection, isoDay } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { steppedReader } from '../../api/feeds.ts';
import type { RangeReading, Reader } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import type { Steps } from '../../api/steps.ts';
import { SHORTER_STATE, type UsagePage } from './ask.ts';
import { type Names, resourcesOf } from './facts.ts';
import { chargesOf, exceedsInput, type Usage, usageByTier } from './rows.ts';
import { KINDS } from './schema.ts';
import { monthTotalsOf, reconciliationOf } from './totals.ts';

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
