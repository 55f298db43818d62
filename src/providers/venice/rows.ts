import { z } from 'zod';
import { type Fixed, fromNumber, parseDecimal } from '../../core/money.ts';
import type { Instant } from '../../core/time.ts';
import { describeIssue } from '../../poll/contract.ts';
import { listOf, MAX_ISSUES } from '../schemas.ts';
import { orderedInstants } from './instant.ts';

/** One entry of the ledger, as far as it is used. */
export interface Row {
  readonly at: Instant;
  readonly sku: string;
  readonly currency: string;
  /** In `currency`; negative is spend. */
  readonly amount: Fixed;
  /** Millions of tokens for LLM SKUs. */
  readonly units: Fixed;
  /** US dollars per unit. */
  readonly price: Fixed | undefined;
  readonly requestId: string | undefined;
}

const Exact = z.union([z.number(), z.string()]);

/** A row on the wire. */
export const WireRow = z.object({
  amount: Exact,
  currency: z.string(),
  inferenceDetails: z.object({ requestId: z.string().nullish() }).nullish(),
  pricePerUnitUsd: Exact.nullish(),
  sku: z.string(),
  timestamp: z.string(),
  units: Exact,
});
type WireRow = z.infer<typeof WireRow>;
const WireRows = listOf(WireRow);

/**
 * The rows of a page. A first read is millions of them, so that this is a loop over the page, and not a transform: zod keeps what
 * a transform made in memory until the next full collection.
 */
export const Rows = z.unknown().check(readRows).pipe(z.custom<readonly Row[]>(Array.isArray));

function readRows(payload: z.core.ParsePayload): void {
  const { issues } = payload;
  const instantOf = orderedInstants();
  const rows: Row[] = [];
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

function wiresOf({ value, issues }: z.core.ParsePayload): readonly WireRow[] {
  if (Array.isArray(value) && value.every(isPlainRow)) return value;
  const { data, error } = WireRows.safeParse(value);
  for (const issue of error?.issues ?? []) {
    const message = describeIssue({ ...issue, path: [] });
    issues.push({ code: 'custom', message, input: value, path: issue.path });
  }
  return data ?? [];
}

/** What passes here passes {@link WireRow}, which says of other rows what is wrong with them. The property test holds them together. */
export function isPlainRow(row: unknown): row is WireRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return false;
  const { amount, currency, inferenceDetails, pricePerUnitUsd, sku, timestamp, units }: Partial<Untyped> =
    row;
  return (
    isExact(amount) &&
    isExact(units) &&
    (pricePerUnitUsd == null || isExact(pricePerUnitUsd)) &&
    typeof currency === 'string' &&
    typeof sku === 'string' &&
    typeof timestamp === 'string' &&
    (inferenceDetails == null || isPlainDetails(inferenceDetails))
  );
}

type Untyped = Record<keyof WireRow, unknown>;

function isPlainDetails(details: unknown): boolean {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return false;
  const { requestId }: { requestId?: unknown } = details;
  return requestId == null || typeof requestId === 'string';
}

function isExact(value: unknown): boolean {
  return typeof value === 'string' || Number.isFinite(value);
}

function rowOf(wire: WireRow, instantOf: (text: string) => Instant): Row {
  if (wire.currency === '') throw new RangeError('an amount without a currency');
  return {
    at: instantOf(wire.timestamp),
    sku: wire.sku,
    currency: wire.currency,
    amount: exactOf(wire.amount),
    units: exactOf(wire.units),
    price: wire.pricePerUnitUsd == null ? undefined : exactOf(wire.pricePerUnitUsd),
    requestId: wire.inferenceDetails?.requestId || undefined,
  };
}

/** @throws {RangeError} when it is not a decimal number. */
function exactOf(value: number | string): Fixed {
  return typeof value === 'number' ? fromNumber(value) : parseDecimal(value);
}
