import type { Reading } from '../../../core/statement/statement.ts';
import type { Instant, Range } from '../../../core/values/time.ts';
import { isWithin } from '../../api/plans.ts';
import type { FeedContext, RangeReading, Reader } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import { type Knowledge, UsageAggregator } from './aggregator.ts';
import type { VeniceConfig } from './ask.ts';
import type { UsageApi, UsageApiPage } from './schema.ts';
import {
  isLegacy,
  observePrices,
  pricesAfter,
  readState,
  refundsAfter,
  type UsageState,
  writeState,
} from './state.ts';

interface ReaderOptions {
  readonly range: Range;
  readonly context: FeedContext<VeniceConfig>;
  /** Whether the feed reads the days that lie back, and so can come back to one of them. */
  readonly readsHistory: boolean;
}

/** Folds the rows of a range into a statement of minutes. */
export function usageReader(options: ReaderOptions): Reader<UsageApiPage> {
  const { range } = options;
  let usage = new UsageAggregator(range);
  let api: UsageApi | undefined;
  return {
    add(page) {
      if (page.first) usage = new UsageAggregator(range);
      ({ api } = page);
      for (const row of page.rows) {
        if (isWithin(range, row.at)) usage.count(row);
        // Whether the retired endpoint includes its end is not documented: a row right there is no surprise.
        else if (api !== 'usage' || row.at !== range.end)
          usage.drift.add('stray_row', 'a row lies outside the range that was asked for');
      }
    },
    retainedEntries: () => usage.retainedEntries(),
    finish: () => readingOf(usage, api, options),
  };
}

function readingOf(
  usage: UsageAggregator,
  api: UsageApi | undefined,
  { range, context, readsHistory }: ReaderOptions,
): RangeReading {
  const { config, now } = context;
  const state = readState(context.state);
  const from = usage.finish(knowledgeOf(range, context, state));
  const isWhole = from === range.start;
  const reread = readsHistory && !isWhole;
  const others = state.putOff.filter((start) => start !== range.start);
  const prices = pricesAfter(state, usage.prices, now);
  const foundAt = isLegacy(state, now) ? state.legacyAt : now;
  return reading({
    statement: statementOf(usage, from),
    observations: observePrices(prices),
    drift: usage.drift.list(),
    state: writeState({
      putOff: reread ? [...others, range.start] : others,
      prices,
      refunds: readsHistory ? refundsAfter(state.refunds, usage, { now, isWhole }) : state.refunds,
      legacyAt: config.ledgerApi === 'auto' && api === 'usage' ? foundAt : undefined,
    }),
    reread,
  });
}

/** A SKU that was charged was requested: refunds and top-ups are no requests. */
function knowledgeOf(
  range: Range,
  { hasSeries, coverage, since }: FeedContext<VeniceConfig>,
  { putOff }: UsageState,
): Knowledge {
  return {
    wasCharged: (sku) => hasSeries({ measure: 'requests', resource: '', model: sku, tier: '', detail: '' }),
    mayWait: () =>
      !putOff.includes(range.start) && coverage.gaps({ start: since, end: range.start }).length > 0,
  };
}

/** What can be believed of the range; undefined if nothing can. */
function statementOf({ range, charges }: UsageAggregator, from: Instant): Reading['statement'] {
  if (from >= range.end) return undefined;
  const believed = from === range.start ? charges : charges.filter(({ at }) => at >= from);
  return {
    granularity: 'minute',
    range: { start: from, end: range.end },
    charges: believed,
    omittedTiers: [],
  };
}
