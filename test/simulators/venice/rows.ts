import { type Fixed, fromInteger, ONE } from '../../../src/core/values/money.ts';
import { floorTo, type Instant, MINUTE } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

export interface InferenceDetails {
  readonly requestId: string;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  /** Milliseconds. */
  readonly inferenceExecutionTime: number | null;
}

/** One line of the ledger: a charge below zero, a purchase or a refund above. */
export interface VeniceRow extends BookedRow {
  readonly sku: string;
  /** In `currency`; negative for a charge. */
  readonly amount: Fixed;
  readonly currency: string;
  /** Millions of tokens, images, searches: whatever the SKU counts. */
  readonly units: Fixed;
  readonly pricePerUnitUsd: Fixed;
  readonly notes: string;
  readonly inferenceDetails: InferenceDetails | null;
  /** The model behind the SKU, where one is: for the truth, not on the wire. */
  readonly model?: string;
  /** Which API key caused it; the web app's has no id. Only analytics tell. */
  readonly apiKey?: { readonly id: string | null; readonly description: string };
}

export const PURCHASE = 'credit-purchase';

const TOKENS = /-llm-(?:extended-)?(input|output|cache-input|cache-write)(?:-[^-]+)?-mtoken$/;
const TOKEN_TYPES: Readonly<Record<string, string>> = {
  input: 'input',
  output: 'output',
  'cache-input': 'cached_input',
  'cache-write': 'cache_write',
};

/** What the rows say in the design's words. Counts are those of charges: a refund gives money back, not usage. */
export function entriesOf(rows: readonly VeniceRow[]): TruthEntry[] {
  return [
    ...rows.flatMap(moneyOf),
    ...rows.filter(isCharge).flatMap(unitsOf),
    ...requestsOf(rows.filter(isCharge)),
  ];
}

function isCharge(row: VeniceRow): boolean {
  return row.amount <= 0n && row.sku !== PURCHASE;
}

/** The model a row counts for: itself where the SKU names none. */
export function modelOf(row: VeniceRow): string {
  return row.model ?? row.sku;
}

function moneyOf(row: VeniceRow): TruthEntry {
  const core = { resource: '', tier: '', detail: row.currency };
  if (row.sku === PURCHASE) return { ...core, model: '', measure: 'top_ups', value: row.amount };
  return { ...core, model: modelOf(row), measure: 'cost', value: -row.amount };
}

/** Which kind of token a SKU counts; undefined where it counts none. */
export function tokenTypeOf(sku: string): string | undefined {
  return TOKEN_TYPES[TOKENS.exec(sku)?.[1] ?? ''];
}

function unitsOf(row: VeniceRow): TruthEntry {
  const labels = { resource: '', model: modelOf(row), tier: '' };
  const tokens = tokenTypeOf(row.sku);
  if (tokens) return { ...labels, measure: 'tokens', detail: tokens, value: row.units * 1_000_000n };
  return { ...labels, measure: 'units', detail: row.sku, value: row.units };
}

/** Distinct request ids a minute and model; a row without one counts for itself. */
function requestsOf(rows: readonly VeniceRow[]): TruthEntry[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([modelOf(row), floorTo(MINUTE, row.at)]));
  return [...groups.values()].flatMap((group) => {
    const ids = new Set(group.flatMap(({ inferenceDetails }) => inferenceDetails?.requestId ?? []));
    const anonymous = group.filter(({ inferenceDetails }) => inferenceDetails === null).length;
    const [first] = group;
    if (!first) return [];
    const value = fromInteger(BigInt(ids.size + anonymous));
    return [{ measure: 'requests', resource: '', model: modelOf(first), tier: '', detail: '', value }];
  });
}

/** A charge for so many units, priced exactly. */
export function charge(
  units: Fixed,
  pricePerUnitUsd: Fixed,
): Pick<VeniceRow, 'amount' | 'units' | 'pricePerUnitUsd'> {
  return { amount: -(units * pricePerUnitUsd) / ONE, units, pricePerUnitUsd };
}

/** A million tokens that cost so much. */
export function costing(at: Instant, usd: Fixed): VeniceRow {
  const labels = { sku: 'by-hand-llm-output-mtoken', model: 'by-hand', currency: 'USD' };
  return { at, ...labels, ...charge(ONE, usd), notes: 'API Inference', inferenceDetails: null };
}
