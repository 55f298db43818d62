import { z } from 'zod';
import { divideHalfEven, type Fixed } from '../../../core/values/money.ts';
import { type Instant, SECOND } from '../../../core/values/time.ts';
import { Decimal, lenient, listOf, Text } from '../../api/schemas.ts';
import { Pagination } from '../account/path.ts';
import { categoryOf } from '../hours/schema.ts';

const amount = Decimal.nullish();
/** As in the hours, one without a price is as good as absent: its name alone does not tell the unit. */
const category = categoryOf(z.object({ total: amount })).transform((price) => price?.total ?? undefined);

/** Until the end of the year 9999: what lies beyond is in another unit, and no instant of JavaScript a little later. */
const UnixSeconds = z.number().min(0).max(253_402_300_799);

const Written = z.object({
  id: Text,
  period: z.object({ start: UnixSeconds, end: UnixSeconds }),
  currency: z.string().min(1).nullish(),
  total: amount,
  subTotal: amount,
  paid: lenient(z.boolean().nullish()),
  paas: category,
  byoc: category,
  egressIp: category,
  loadBalancer: category,
  paasUsage: category,
  byocUsage: category,
});

/** A finalized invoice, its amounts in whole units of its currency. */
export interface Invoice {
  readonly id: string;
  readonly start: Instant;
  readonly end: Instant;
  /** Upper case; undefined where the invoice does not name it. */
  readonly currency: string | undefined;
  /** With tax; undefined where nothing tells whether it is in cents. */
  readonly total: Fixed | undefined;
  /** Before tax and discounts. */
  readonly subTotal: Fixed | undefined;
  /** Platform spend alone. */
  readonly paas: Fixed | undefined;
  readonly paid: boolean | undefined;
}

/**
 * `GET /v1/billing/invoices`, newest first, in either contract: cents where the categories have the legacy names, whole units where
 * they have the current ones. Without any of them the unit is unknown, and so are the amounts.
 * https://northflank.com/docs/v1/api/team/billing/list-invoices
 */
export const InvoiceList = z
  .object({
    // One documented example has the invoice itself where another has the list.
    data: z.object({ invoices: z.preprocess(asList, listOf(Written)) }),
    pagination: Pagination,
  })
  .transform(({ data, pagination }) => ({
    invoices: data.invoices.map(invoiceOf),
    cursor: pagination.hasNextPage ? pagination.cursor : undefined,
  }));
export type InvoiceList = z.infer<typeof InvoiceList>;

function invoiceOf(invoice: z.infer<typeof Written>): Invoice {
  const { id, period, currency, total, subTotal, paid } = invoice;
  const units = unitsOf(invoice);
  return {
    id: id ?? '',
    start: period.start * SECOND,
    end: period.end * SECOND,
    currency: currency?.trim().toUpperCase(),
    total: units(total),
    subTotal: units(subTotal),
    paas: units(invoice.paas ?? invoice.paasUsage),
    paid: paid ?? undefined,
  };
}

function asList(invoices: unknown): unknown {
  const isOne = typeof invoices === 'object' && invoices !== null && !Array.isArray(invoices);
  return isOne ? [invoices] : invoices;
}

type ToUnits = (amount: Fixed | null | undefined) => Fixed | undefined;

/** As in the hours, the current names count where both are there. */
function unitsOf(invoice: z.infer<typeof Written>): ToUnits {
  const isTold = (...categories: (Fixed | undefined)[]) => categories.some((total) => total !== undefined);
  if (isTold(invoice.paas, invoice.byoc, invoice.egressIp, invoice.loadBalancer))
    return (amount) => amount ?? undefined;
  if (isTold(invoice.paasUsage, invoice.byocUsage))
    return (cents) => (typeof cents === 'bigint' ? divideHalfEven(cents, 100n) : undefined);
  return () => undefined;
}
