import type {
  Charge,
  Observation,
  Reconciliation,
  ResourceFacts,
} from '../../../core/statement/statement.ts';
import { magnitude } from '../../../core/values/money.ts';
import { type Instant, isoDay, startOfMonth } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { steppedReader } from '../../api/feeds.ts';
import type { RangeReading, Reader } from '../../api/provider.ts';
import { note, observe, reading, sum, sumOfAll } from '../../api/readings.ts';
import type { Steps } from '../../api/steps.ts';
import type { UsagePage } from './ask.ts';
import { type Names, resourcesOf } from './facts.ts';
import { SHORTER_STATE } from './parts.ts';
import { type Answered, chargesOf, exceedsInput, type TierUsage, type Usage, usageByTier } from './rows.ts';
import { KINDS, MODEL_API, TIERS } from './schema.ts';
import { SOURCES } from './source-ask.ts';
import { readSource, type SourceAnswer, type SourcePart, withoutTold } from './source-rows.ts';

const MONTH_TOTALS = [
  ['monthGross', 'total'],
  ['monthCredits', 'credits_used'],
  ['monthNet', 'subtotal'],
] as const;

interface BillOptions {
  readonly names: Names;
  readonly now: Instant;
  /** What the feed goes on to remember. */
  readonly state?: string;
}

/** Reads the answers about a range of UTC days, and about the month to date if that was asked for too. */
export function billReader(options: BillOptions): Reader<UsagePage> {
  return steppedReader((pages) => readingOf(pages, options));
}

function* readingOf(
  pages: readonly UsagePage[],
  { names, now, state: remembered }: BillOptions,
): Steps<RangeReading> {
  const drift = new DriftLog();
  const parts = pages.filter(isOfSourcePage).map((page) => readSource(page, { now, drift }));
  const summaries = pages.filter((page) => !isOfSourcePage(page));
  const {
    range: wholes = [],
    day: days = [],
    month: months = [],
  } = Object.groupBy(summaries, (page) => page.about);
  const answers = [wholes, ...Map.groupBy(parts, ({ source }) => source).values()];
  // Whatever had to be asked for in more than one part.
  const state = answers.some(({ length }) => length > 1) ? SHORTER_STATE : remembered;
  const [newest, oldest] = [wholes[0], wholes.at(-1)];
  if (!newest || !oldest) return reading({ drift: drift.list(), state });
  const tiers = wholes.flatMap((whole) => usageByTier(whole, days));
  yield;
  const summary = tiers.flatMap(({ rows }) => rows).filter(({ isStray }) => !isStray);
  const told = parts.flatMap(({ rows }) => rows);
  const charges: Charge[] = [];
  for (const row of [...summary.map((each) => withoutTold(each, parts)), ...told]) {
    charges.push(...chargesOf(row));
    yield;
  }
  const resources = [...resourcesOf(summary, names), ...keysOf(told)];
  yield;
  const range = { start: oldest.asked.start, end: newest.asked.end };
  const omittedTiers = omittedOf(tiers, parts, charges);
  const unread = parts.flatMap(({ source, isRead }) => (isRead ? [] : [source]));
  const untold = unread.map((source) => SOURCES[source].part);
  addDrift(drift, tiers, told);
  return reading({
    statement: { granularity: 'day', range, charges, omittedTiers, ...(unread.length > 0 && { untold }) },
    resources,
    observations: monthTotalsOf(months),
    reconciliation: months.length > 0 ? reconciliationOf(wholes, summary) : undefined,
    state,
    notes: unread.map((source) => note(source, 'could not be read: its amounts stay as they were', true)),
    drift: drift.list(),
  });
}

function isOfSourcePage(page: UsagePage): page is SourceAnswer {
  return page.about in SOURCES;
}

/** Tiers that the answers leave out. For model APIs, the source of their cost decides. */
function omittedOf(
  tiers: readonly TierUsage[],
  parts: readonly SourcePart[],
  charges: readonly Charge[],
): string[] {
  const silent = tiers.filter(({ isSilent }) => isSilent).map(({ tier }) => tier);
  const money = parts.filter(({ source }) => source === 'model_apis');
  if (money.length === 0) return [...new Set(silent)];
  const isSilent = !charges.some(
    ({ tier, measure, value }) => tier === MODEL_API && measure === 'cost' && value !== 0n,
  );
  const others = silent.filter((tier) => tier !== MODEL_API);
  return [...new Set(isSilent && money.every(({ isRead }) => isRead) ? [...others, MODEL_API] : others)];
}

/** The API keys of some rows. */
function keysOf(rows: readonly Usage[]): ResourceFacts[] {
  const ids = new Set(rows.map(({ item }) => item?.billable_resource?.id ?? ''));
  return [...ids].filter(Boolean).map((resource) => ({ resource, kind: 'api_key' }));
}

function addDrift(drift: DriftLog, tiers: readonly TierUsage[], told: readonly Usage[]): void {
  const rows = tiers.flatMap((one) => one.rows);
  for (const { tier, date } of rows.filter(({ isStray }) => isStray))
    drift.add('stray_row', `${tier} ${isoDay(date)}`);
  for (const { item, figures } of [...rows.filter(({ isStray }) => !isStray), ...told]) {
    if (exceedsInput(figures)) drift.add('cached_exceeds_input', item?.model_name ?? '');
    drift.addUnknown(item?.billable_resource?.kind, KINDS, 'kind');
  }
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
function reconciliationOf(answers: readonly Answered[], rows: readonly Usage[]): Reconciliation | undefined {
  const categories = answers.flatMap(({ summary }) => TIERS.flatMap(({ key }) => summary[key] ?? []));
  if (categories.length === 0) return undefined;
  const listed = sum(rows.map(({ figures }) => figures.subtotal ?? 0n));
  const gross = sum(categories.map(({ total }) => total)) - listed;
  const net = sumOfAll(categories.map(({ subtotal }) => subtotal));
  return net !== undefined && magnitude(net - listed) < magnitude(gross)
    ? { difference: net - listed, against: 'subtotal, after credits' }
    : { difference: gross, against: 'total, before credits' };
}
