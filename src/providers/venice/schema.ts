import { z } from 'zod';
import { type Fixed, fromNumber, parseDecimal } from '../../core/money.ts';
import type { Drift } from '../../core/statement.ts';
import type { Instant } from '../../core/time.ts';
import { unknownFieldsOf } from '../unknown-fields.ts';
import { orderedInstants } from './instant.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-history
// https://docs.venice.ai/api-reference/endpoint/billing/usage (retired on 2026-09-16; servers that copy it remain)

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

/**
 * A row on the wire. It checks and does not convert: a transform per field costs ten times what one loop over the page does,
 * and a first read is millions of rows.
 */
const WireRow = z.object({
  amount: Exact,
  currency: z.string(),
  inferenceDetails: z.object({ requestId: z.string().nullish() }).nullish(),
  pricePerUnitUsd: Exact.nullish(),
  sku: z.string(),
  timestamp: z.string(),
  units: Exact,
});
type WireRow = z.infer<typeof WireRow>;

const Rows = z.array(WireRow).transform((wires, context): Row[] => {
  const rows: Row[] = [];
  const instantOf = orderedInstants();
  for (const [index, wire] of wires.entries()) {
    try {
      rows.push(rowOf(wire, instantOf));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.issues.push({ code: 'custom', message: error.message, input: wire, path: [index] });
      return z.NEVER;
    }
  }
  return rows;
});

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

const anything = z.unknown();
/** Every field that is documented, in the two contracts together. */
const Documented = z.object({
  data: z.array(
    z.object({
      amount: anything,
      currency: anything,
      inferenceDetails: z
        .object({
          completionTokens: anything,
          inferenceExecutionTime: anything,
          promptTokens: anything,
          requestId: anything,
        })
        .nullable(),
      notes: anything,
      pricePerUnitUsd: anything,
      sku: anything,
      timestamp: anything,
      units: anything,
    }),
  ),
  nextCursor: anything,
  warningMessage: anything,
  pagination: anything,
});

/** Field names are looked at in the first row of a page only: a new field comes with all rows or is found on the next page. */
function driftOf(page: unknown): Drift[] {
  if (typeof page !== 'object' || page === null || !('data' in page) || !Array.isArray(page.data)) return [];
  return unknownFieldsOf(Documented, { ...page, data: page.data.slice(0, 1) });
}

function watched<Page>(page: z.ZodType<Page>) {
  return z
    .unknown()
    .transform((body) => ({ page: body, drift: driftOf(body) }))
    .pipe(z.object({ page, drift: z.custom<Drift[]>(Array.isArray) }));
}

/** A page of `GET /billing/usage-history`; the last one has no cursor. */
export const HistoryPage = watched(z.object({ data: Rows, nextCursor: z.string().min(1).nullable() }));

/**
 * A page of the retired `GET /billing/usage`. Of its pagination only the total is believed: the documented example has `limit`
 * and `page` exchanged, and `totalPages` may be 0.
 */
export const UsagePage = watched(z.object({ data: Rows, pagination: z.object({ total: z.int().min(0) }) }));
