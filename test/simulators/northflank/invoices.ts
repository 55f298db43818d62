import type { Fixed } from '../../../src/core/values/money.ts';
import { DAY, type Instant, type Range, SECOND, startOfMonth } from '../../../src/core/values/time.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedContract } from '../kit/world.ts';
import { currentBill, type Filter, legacyBill, passes } from './bill.ts';
import { failure } from './replies.ts';
import { type NorthflankRow, priceOf } from './rows.ts';

/** How a customer is invoiced. */
export interface Invoicing {
  /** When a threshold was reached, so that an invoice was cut in the middle of a month. */
  readonly cuts?: readonly Instant[];
  /** Is the newest invoice still open? */
  readonly isNewestOpen?: boolean;
}

/** An invoice is finalized once its last hour is no longer revised. */
const FINALIZED_AFTER_MS = DAY;

/** The periods that are invoiced at `now`, newest first: months, or less where a threshold cut one. */
export function periodsOf({ cuts = [] }: Invoicing, genesis: Instant, now: Instant): Range[] {
  const months: Instant[] = [];
  for (let month = startOfMonth(genesis, 1); month <= now; month = startOfMonth(month, 1)) months.push(month);
  const bounds = [genesis, ...months, ...cuts.filter((cut) => cut > genesis)].sort((a, b) => a - b);
  const periods = bounds.slice(1).map((end, index) => ({ start: bounds[index] ?? genesis, end }));
  return periods.filter(({ end }) => end + FINALIZED_AFTER_MS <= now).reverse();
}

/** What a period was billed with, and how the caller looks at it. */
export interface Invoiced {
  readonly period: Range;
  readonly rows: readonly NorthflankRow[];
  readonly filter: Filter;
  readonly contract: SimulatedContract;
  readonly paid: boolean;
}

/**
 * One invoice. Amounts keep their fractions, so that they can be held against the hours to the last digit; a period ends with its
 * last second, as in the documented example.
 */
export function invoiceOf({ period, rows, filter, contract, paid }: Invoiced): object {
  const isLegacy = contract === 'seed';
  const bill: object = isLegacy
    ? legacyBill(period.start, rows, filter)
    : currentBill(period.start, rows, filter);
  const subTotal = subTotalOf(rows, filter, contract);
  return {
    id: `NF-${new Date(period.start).toISOString().slice(0, 10)}`,
    period: { start: period.start / SECOND, end: period.end / SECOND - 1 },
    currency: 'usd',
    ...pricesOf(bill),
    total: (subTotal * 6n) / 5n,
    subTotal,
    paid,
  };
}

function pricesOf(bill: object): object {
  const parts = Object.entries(bill).flatMap(([name, part]: [string, unknown]) =>
    typeof part === 'object' && part !== null && 'price' in part ? [[name, { price: part.price }]] : [],
  );
  return Object.fromEntries(parts);
}

/** Before tax. In cents under the first contract, which shows the customer's BYOC to everybody. */
function subTotalOf(rows: readonly NorthflankRow[], filter: Filter, contract: SimulatedContract): Fixed {
  const isLegacy = contract === 'seed';
  const counted = rows.filter((row) => {
    if (row.scope === 'paas') return passes(row, filter);
    return isLegacy ? row.scope === 'byoc' : !filter.teamScoped;
  });
  return priceOf(counted).total * (isLegacy ? 100n : 1n);
}

/** A page of a list of invoices: the cursor is the place of the next. */
export function invoicePage(
  all: readonly object[],
  query: URLSearchParams,
  contract: SimulatedContract,
): Reply {
  const size = Number(query.get(contract === 'seed' ? 'per_page' : 'perPage') ?? 50);
  const from = Number(query.get('cursor') ?? 0);
  if (!(Number.isInteger(size) && size >= 1 && size <= 100) || !Number.isInteger(from))
    return failure(400, { perPage: ['Must be from 1 to 100'] });
  const invoices = all.slice(from, from + size);
  const hasNextPage = from + size < all.length;
  const pagination = {
    hasNextPage,
    count: invoices.length,
    ...(hasNextPage && { cursor: String(from + size) }),
  };
  return { status: 200, body: { data: { invoices }, pagination } };
}
