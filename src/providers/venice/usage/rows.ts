import { z } from 'zod';
import type { Fixed } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import { describeIssue } from '../../api/issues.ts';
import { isObject, MAX_ISSUES } from '../../api/members.ts';
import { Decimal, exactOf, lenient, listOf, Numeric, Text } from '../../api/schemas.ts';
import { orderedInstants } from './instant.ts';

/** One entry of the ledger, as far as it is used. */
export interface UsageRow {
  readonly at: Instant;
  readonly sku: string;
  readonly currency: string;
  /** In `currency`; negative is spend. */
  readonly amount: Fixed;
  /** Millions of tokens for LLM SKUs; 0 where the row does not tell. */
  readonly units: Fixed;
  /** US dollars per unit. */
  readonly price: Fixed | undefined;
  readonly requestId: string | undefined;
  /** What the provider says the row is; `""` where it says nothing. */
  readonly notes: string;
}

const Quantity = z.union([z.number(), z.string().refine(isDecimal, 'not a decimal number')]);

/** A row on the wire. */
export const WireRow = z.object({
  amount: Numeric,
  currency: z.string(),
  inferenceDetails: z.object({ requestId: z.string().nullish() }).nullish(),
  /** Only read where it is a text: no money hangs on a usage row's. */
  notes: z.unknown().optional(),
  pricePerUnitUsd: Quantity.nullish(),
  sku: z.string(),
  timestamp: z.string(),
  units: Quantity,
});
const { pricePerUnitUsd, units } = WireRow.shape;

/** The same without what may be missing: the amount counts, in which currency, when, and for what. */
export const LenientRow = WireRow.extend({
  inferenceDetails: lenient(z.object({ requestId: Text }).nullish()),
  pricePerUnitUsd: lenient(pricePerUnitUsd),
  units: lenient(units),
});
type LenientRow = z.infer<typeof LenientRow>;
const LenientRows = listOf(LenientRow);

/**
 * The rows of a page. A first read is millions of them, so that this is a loop over the page, and not a transform: zod keeps what
 * a transform made in state until the next full collection.
 */
export const Rows = z.unknown().check(readRows).pipe(z.custom<readonly UsageRow[]>(Array.isArray));

function readRows(payload: z.core.ParsePayload): void {
  const { issues } = payload;
  const instantOf = orderedInstants();
  const rows: UsageRow[] = [];
  for (const [index, wire] of wiresOf(payload).entries()) {
    try {
      rows.push(rowOf(wire, instantOf));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      issues.push({ code: 'custom', message: error.message, input: wire, path: [index] });
      if (issues.length >= MAX_ISSUES) break;
    }
  }
  payload.value = rows;
}

function wiresOf({ value, issues }: z.core.ParsePayload): readonly LenientRow[] {
  if (Array.isArray(value) && value.every(isPlainRow)) return value;
  const { data, error } = LenientRows.safeParse(value);
  for (const issue of error?.issues ?? []) {
    const message = describeIssue({ ...issue, path: [] });
    issues.push({ code: 'custom', message, input: value, path: issue.path });
  }
  return data ?? [];
}

/** What passes here passes {@link WireRow}, which says of other rows what is wrong with them. The property test holds them together. */
export function isPlainRow(row: unknown): row is z.infer<typeof WireRow> {
  if (!isObject(row) || Array.isArray(row)) return false;
  const { amount, currency, inferenceDetails, pricePerUnitUsd, sku, timestamp, units } = row;
  return (
    (typeof amount === 'string' || Number.isFinite(amount)) &&
    isQuantity(units) &&
    (pricePerUnitUsd == null || isQuantity(pricePerUnitUsd)) &&
    typeof currency === 'string' &&
    typeof sku === 'string' &&
    typeof timestamp === 'string' &&
    (inferenceDetails == null || isPlainDetails(inferenceDetails))
  );
}

function isPlainDetails(details: unknown): boolean {
  if (!isObject(details) || Array.isArray(details)) return false;
  const { requestId } = details;
  return requestId == null || typeof requestId === 'string';
}

function isQuantity(value: unknown): boolean {
  return typeof value === 'string' ? isDecimal(value) : Number.isFinite(value);
}

function isDecimal(text: string): boolean {
  return Decimal.safeParse(text).success;
}

function rowOf(wire: LenientRow, instantOf: (text: string) => Instant): UsageRow {
  if (wire.currency === '') throw new RangeError('an amount without a currency');
  return {
    at: instantOf(wire.timestamp),
    sku: wire.sku,
    currency: wire.currency,
    amount: exactOf(wire.amount),
    units: wire.units === undefined ? 0n : exactOf(wire.units),
    price: wire.pricePerUnitUsd == null ? undefined : exactOf(wire.pricePerUnitUsd),
    requestId: wire.inferenceDetails?.requestId || undefined,
    notes: typeof wire.notes === 'string' ? wire.notes : '',
  };
}
