import { type Fixed, formatDecimal, fromInteger, ONE, parseDecimal } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

/** A line of the bill. */
export interface AnthropicCost extends BookedRow {
  readonly kind: 'cost';
  /** Null is the default workspace. */
  readonly workspace: string | null;
  readonly costType: string | null;
  readonly model: string | null;
  readonly tier: string | null;
  readonly description: string;
  readonly tokenType: string | null;
  /** As decimal text with all of its digits. */
  readonly cents: string;
}

/** Tokens of one model. */
export interface AnthropicUse extends BookedRow {
  readonly kind: 'use';
  readonly workspace: string | null;
  readonly model: string;
  readonly tier: string;
  readonly uncached: number;
  readonly cacheRead: number;
  readonly written5m: number;
  readonly written1h: number;
  readonly output: number;
}

export type AnthropicRow = AnthropicCost | AnthropicUse;

export function isCost(row: AnthropicRow): row is AnthropicCost {
  return row.kind === 'cost';
}

/** Cents, exact to a trillionth of one. */
export function centsOf({ cents }: AnthropicCost): Fixed {
  return parseDecimal(cents);
}

/** What a row says in the design's words, in dollars. A test's amounts have no more than ten digits below the cent. */
export function entriesOf(row: AnthropicRow): TruthEntry[] {
  const resource = row.workspace ?? '';
  if (isCost(row)) {
    const labels = { resource, model: row.model ?? '', tier: row.tier ?? row.costType ?? '' };
    return [{ measure: 'cost', ...labels, detail: 'USD', value: (centsOf(row) * ONE) / (100n * ONE) }];
  }
  const { uncached: input, cacheRead: cached_input, written5m, written1h, output } = row;
  const labels = { resource, model: row.model, tier: row.tier };
  return Object.entries({ input, cached_input, cache_write: written5m + written1h, output }).map(
    ([detail, count]) => ({ measure: 'tokens', ...labels, detail, value: fromInteger(BigInt(count)) }),
  );
}

/** Tokens that cost so much. */
export function costing(at: Instant, usd: Fixed): AnthropicCost {
  const what = { costType: 'tokens', model: 'by-hand', tier: 'standard', tokenType: 'output_tokens' };
  const cents = formatDecimal(100n * usd);
  return { kind: 'cost', at, workspace: 'wrkspc_by_hand', ...what, description: 'By hand', cents };
}
