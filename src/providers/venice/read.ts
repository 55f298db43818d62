import type { Reading } from '../../core/statement/statement.ts';
import type { Instant, Range } from '../../core/values/time.ts';
import type { FeedContext, Reader } from '../api/provider.ts';
import { classifyCredits, type Knowledge } from './classify-credits.ts';
import type { Config } from './config.ts';
import { isLegacy, type Memory, memoOf, recall } from './memo.ts';
import { observationsOf, pricesOf } from './prices.ts';
import { refundsAfter } from './refunds.ts';
import type { UsageRow } from './rows.ts';
import type { UsageApi, UsageApiPage } from './schema.ts';
import {
  closeBefore,
  count,
  createUsageAggregator,
  keptBy,
  note,
  type UsageAggregator,
} from './usage-aggregator.ts';

interface ReaderOptions {
  readonly range: Range;
  readonly context: FeedContext<Config>;
  /** Whether the feed reads the days that lie back, and so can come back to one of them. */
  readonly readsHistory: boolean;
}

/** Folds the rows of a range into a statement of minutes. */
export function usageReader({ range, context, readsHistory }: ReaderOptions): Reader<UsageApiPage> {
  const memory = recall(context.state);
  let tally = createUsageAggregator(range);
  let api: UsageApi | undefined;
  return {
    add(page) {
      if (page.first) tally = createUsageAggregator(range);
      api = page.api;
      for (const { kind, what } of page.drift) note(tally, kind, what);
      for (const row of page.rows) {
        if (row.at >= range.start && row.at < range.end) count(tally, row);
        else stray(tally, row, page.api);
      }
    },
    retainedEntries: () => keptBy(tally),
    finish() {
      closeBefore(tally, Number.POSITIVE_INFINITY);
      const from = classifyCredits(tally, knowledgeOf(range, context, memory));
      const isPutOff = readsHistory && from > range.start;
      const prices = pricesOf(tally.prices, memory.prices, context.now);
      const legacyAt = legacyAtOf(memory, context, api);
      const others = memory.putOff.filter((start) => start !== range.start);
      const isWhole = from === range.start;
      const refunds = readsHistory
        ? refundsAfter(memory.refunds, tally, { now: context.now, isWhole })
        : memory.refunds;
      const putOff = isPutOff ? [...others, range.start] : others;
      return {
        ...readingOf(tally, from),
        observations: observationsOf(prices),
        state: memoOf({ putOff, prices, refunds, ...(legacyAt !== undefined && { legacyAt }) }),
        ...(isPutOff && { reread: true }),
      };
    },
  };
}

/** A SKU that was charged was requested: refunds and top-ups are no requests. */
function knowledgeOf(
  range: Range,
  { hasSeries, coverage, since }: FeedContext<Config>,
  { putOff }: Memory,
): Knowledge {
  return {
    wasCharged: (sku) => hasSeries({ measure: 'requests', resource: '', model: sku, tier: '', detail: '' }),
    mayWait: () =>
      !putOff.includes(range.start) && coverage.gaps({ start: since, end: range.start }).length > 0,
  };
}

function readingOf({ range, charges, drift }: UsageAggregator, from: Instant): Omit<Reading, 'observations'> {
  const believed = { start: from, end: range.end };
  const statement = {
    granularity: 'minute',
    range: believed,
    charges: from === range.start ? charges : charges.filter(({ at }) => at >= from),
    omittedTiers: [],
  } as const;
  return { resources: [], drift: [...drift.values()], ...(from < range.end && { statement }) };
}

/** Whether the retired endpoint includes its end is not documented: a row right there is no surprise. */
function stray(tally: UsageAggregator, row: UsageRow, api: UsageApi): void {
  if (api === 'usage' && row.at === tally.range.end) return;
  note(tally, 'stray_row', 'a row lies outside the range that was asked for');
}

function legacyAtOf(memory: Memory, { config, now }: FeedContext<Config>, api: UsageApi | undefined) {
  if (config.ledgerApi !== 'auto' || api !== 'usage') return undefined;
  return isLegacy(memory, now) ? memory.legacyAt : now;
}
