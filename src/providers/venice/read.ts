import type { Fixed } from '../../core/money.ts';
import type { Observation, Reading } from '../../core/statement.ts';
import { DAY, type Range } from '../../core/time.ts';
import type { FeedContext, Reader } from '../provider.ts';
import type { Config } from './config.ts';
import type { LedgerApi, LedgerPage } from './ledger.ts';
import { isLegacy, type Memory, memoOf, recall } from './memo.ts';
import type { Row } from './schema.ts';
import { parseSku } from './sku.ts';
import { closeBefore, count, emptyTally, note, type Tally } from './tally.ts';

/** A price is forgotten when its SKU was not charged for this long: its other series leave then, too. */
const PRICE_DAYS = 70;
const MOST_PRICES = 2000;
const MOST_CHARGED = 200;

interface ReaderOptions {
  readonly range: Range;
  readonly context: FeedContext<Config>;
  /** Whether the reading observes the last price of every SKU: of one feed only, or they would take turns. */
  readonly showsPrices: boolean;
}

/** Folds the rows of a range into a statement of minutes. */
export function usageReader({ range, context, showsPrices }: ReaderOptions): Reader<LedgerPage> {
  const memory = recall(context.memo);
  let tally = emptyTally(range, memory.charged);
  let api: LedgerApi | undefined;
  return {
    take(page) {
      if (page.first) tally = emptyTally(range, memory.charged);
      api = page.api;
      for (const { kind, what } of page.drift) note(tally, kind, what);
      for (const row of page.rows) {
        if (row.at >= range.start && row.at < range.end) count(tally, row);
        else stray(tally, row, page.api);
      }
    },
    done() {
      const reading = readingOf(tally);
      const prices = showsPrices ? pricesOf(tally, memory, context) : {};
      const legacyAt = legacyAtOf(memory, context, api);
      const charged = [...tally.charged].slice(-MOST_CHARGED);
      const memo = memoOf({ charged, prices, ...(legacyAt !== undefined && { legacyAt }) });
      return { ...reading, observations: observationsOf(prices), memo };
    },
  };
}

function readingOf(tally: Tally): Omit<Reading, 'observations'> {
  closeBefore(tally, Number.POSITIVE_INFINITY);
  const { range, lines, drift } = tally;
  const statement = { granularity: 'minute', range, lines, silentTiers: [] } as const;
  return { statement, resources: [], drift: [...drift.values()] };
}

/** Whether the retired endpoint includes its end is not documented: a row right there is no surprise. */
function stray(tally: Tally, row: Row, api: LedgerApi): void {
  if (api === 'usage' && row.at === tally.range.end) return;
  note(tally, 'stray_row', 'a row lies outside the range that was asked for');
}

function legacyAtOf(memory: Memory, { config, now }: FeedContext<Config>, api: LedgerApi | undefined) {
  if (config.ledgerApi !== 'auto' || api !== 'usage') return undefined;
  return isLegacy(memory, now) ? memory.legacyAt : now;
}

/** The remembered prices and those just seen, the latest of them. */
function pricesOf(tally: Tally, memory: Memory, { now }: FeedContext<Config>): Memory['prices'] {
  const seen = [...tally.prices].map(([sku, { at, price }]): Price => [sku, [at, price]]);
  const known = new Map([...Object.entries(memory.prices), ...seen]);
  const young = [...known].filter(([, [at]]) => at >= now - PRICE_DAYS * DAY);
  return Object.fromEntries(young.sort(([, [a]], [, [b]]) => b - a).slice(0, MOST_PRICES));
}

type Price = [sku: string, [at: number, price: Fixed]];

function observationsOf(prices: Memory['prices']): Observation[] {
  return Object.entries(prices).map(([sku, [, price]]) => {
    const { model } = parseSku(sku);
    return {
      metric: 'unitPrice',
      labels: { resource: '', model, tier: '', sku },
      value: price,
    };
  });
}
