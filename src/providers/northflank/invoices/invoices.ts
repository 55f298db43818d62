import type { Note, Reading, Reconciliation } from '../../../core/statement/statement.ts';
import { formatDecimal } from '../../../core/values/money.ts';
import { DAY, floorTo, HOUR, type Instant, isoDay, type Range } from '../../../core/values/time.ts';
import { cursorPages } from '../../api/cursor-pages.ts';
import { note, reading } from '../../api/readings.ts';
import type { Ask } from '../../api/request.ts';
import { billingPath, type NorthflankContext } from '../account/config.ts';
import { isSettled, ledgerCost } from '../hours/plan.ts';
import { type Invoice, InvoiceList } from './schema.ts';

/**
 * Asks for invoices, newest first, as long as one that the ledger holds may still follow.
 *
 * @throws {PollError} `contract` when a cursor comes back.
 */
export async function* askInvoices(
  ask: Ask,
  _range: Range,
  { config, since }: NorthflankContext,
): AsyncGenerator<InvoiceList> {
  const path = billingPath(config, 'invoices');
  const pageAt = async (cursor: string | undefined) =>
    (await ask({ path, query: cursor === undefined ? {} : { cursor }, schema: InvoiceList })).body;
  yield* cursorPages(path, pageAt, ({ invoices, cursor }) =>
    invoices.length > 0 && invoices.every(({ start }) => start >= since) ? cursor : undefined,
  );
}

/** Sets the newest invoice that can be against the ledger, and tells of the newest of all. */
export function readInvoices(pages: readonly InvoiceList[], context: NorthflankContext): Reading {
  const invoices = pages.flatMap((page) => page.invoices).sort((a, b) => b.end - a.end);
  const compared = invoices.map((invoice) => comparisonOf(invoice, context));
  const [newest] = invoices;
  return reading({
    reconciliation: compared.find((comparison) => typeof comparison !== 'string'),
    notes: newest ? notesOf(newest, compared[0]) : [],
  });
}

function notesOf(newest: Invoice, comparison: Reconciliation | string | undefined): Note[] {
  const amount = newest.total === undefined ? 'an unknown amount' : formatDecimal(newest.total);
  const paid = newest.paid === undefined ? 'no word of payment' : newest.paid ? 'paid' : 'not paid';
  const text = [titleOf(newest), `${amount} ${newest.currency ?? ''}`.trim(), paid].join(', ');
  return [
    note('newest invoice', text, newest.paid === false),
    ...(typeof comparison === 'string' ? [note('newest invoice not compared', comparison)] : []),
  ];
}

/** The id is the provider's own text: as short and plain as a charge of a log wants it. */
function titleOf({ id, start, end }: Invoice): string {
  const name = id.replace(/[^\w.-]/g, '?').slice(0, 40);
  return `${name} ${isoSecond(start)} to ${isoSecond(end)}`.trim();
}

function isoSecond(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** The difference from the ledger, or in words why it is unknown. */
function comparisonOf(invoice: Invoice, context: NorthflankContext): Reconciliation | string {
  const { config, usdOf } = context;
  const days = wholeDaysOf(invoice);
  if (!days) return 'its period does not begin and end at midnight UTC';
  if (!isSettled(days, context)) return 'its last hours may still be revised';
  // What the account does not count is in the invoice's sum, so that one of its parts is compared.
  const amount = config.customerCosts ? invoice.subTotal : invoice.paas;
  if (amount === undefined || invoice.currency === undefined)
    return 'it does not say how much of what currency';
  const ledger = ledgerCost(days, context);
  if (ledger === undefined) return 'the ledger does not hold all of its period';
  const usd = usdOf(amount, invoice.currency);
  if (usd === undefined) return `there is no rate for ${invoice.currency}`;
  const what = config.customerCosts ? 'before tax and discounts' : 'platform spend';
  return {
    difference: usd - ledger,
    against: `invoice of ${isoDay(days.start)} to ${isoDay(days.end - DAY)}, ${what}`,
  };
}

/** A period as UTC days, where it begins and ends within an hour of a midnight: one documented end is the last second of a day. */
function wholeDaysOf({ start, end }: Invoice): Range | undefined {
  const days = { start: nearestMidnight(start), end: nearestMidnight(end) };
  const isWhole = Math.abs(start - days.start) <= HOUR && Math.abs(end - days.end) <= HOUR;
  return isWhole && days.start < days.end ? days : undefined;
}

function nearestMidnight(at: Instant): Instant {
  return floorTo(DAY, at + DAY / 2);
}
