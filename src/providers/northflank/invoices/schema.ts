import { z } from 'zod';
import { divideHalfEven, type Fixed } from '../../../core/values/money.ts';
import { SECOND } from '../../../core/values/time.ts';
import { Decimal, lenient, listOf, Text } from '../../api/schemas.ts';
import { Pagination } from '../account/config.ts';
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

/** A finalized invoice, its amounts in whole units of its currency. */
function invoiceOf(invoice: z.infer<typeof Written>) {
  const divisor = divisorOf(invoice);
  const units = (amount: Fixed | null | undefined) =>
    typeof amount === 'bigint' && divisor !== undefined ? divideHalfEven(amount, divisor) : undefined;
  return {
    id: invoice.id ?? '',
    start: invoice.period.start * SECOND,
    end: invoice.period.end * SECOND,
    /** Upper case; undefined where the invoice does not name it. */
    currency: invoice.currency?.trim().toUpperCase(),
    /** With tax; undefined where nothing tells whether it is in cents. */
    total: units(invoice.total),
    /** Before tax and discounts. */
    subTotal: units(invoice.subTotal),
    /** Platform spend alone. */
    paas: units(invoice.paas ?? invoice.paasUsage),
    paid: invoice.paid ?? undefined,
  };
}
export type Invoice = ReturnType<typeof invoiceOf>;

/** As in the hours, the current names count where both are there. */
function divisorOf(invoice: z.infer<typeof Written>): bigint | undefined {
  const { paas, byoc, egressIp, loadBalancer, paasUsage, byocUsage } = invoice;
  const isTold = (total: Fixed | undefined) => total !== undefined;
  if ([paas, byoc, egressIp, loadBalancer].some(isTold)) return 1n;
  return [paasUsage, byocUsage].some(isTold) ? 100n : undefined;
}

function asList(invoices: unknown): unknown {
  const isOne = typeof invoices === 'object' && invoices !== null && !Array.isArray(invoices);
  return isOne ? [invoices] : invoices;
}
