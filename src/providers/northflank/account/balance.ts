import { z } from 'zod';
import type { Reading } from '../../../core/statement/statement.ts';
import { type Fixed, formatDecimal } from '../../../core/values/money.ts';
import { note, observeUsd, reading } from '../../api/readings.ts';
import { Decimal } from '../../api/schemas.ts';
import type { NorthflankContext } from './config.ts';

const amount = Decimal.nullish();

/**
 * `GET /v1/billing/credit-balance`, in whole units of the currency. Only the current contract has it, and none of its members is
 * promised. https://northflank.com/docs/v1/api/org/billing/get-credit-balance
 */
export const CreditBalance = z
  .object({
    data: z.object({
      currency: z.string().min(1).nullish(),
      total: z.object({ available: amount, pending: amount }).nullish(),
      /** Credit in the customer's favour, or negative: owed, which does not lower what is available. */
      customerBalance: z.object({ amount }).nullish(),
    }),
  })
  .refine(({ data }) => data.currency || typeof data.total?.available !== 'bigint', {
    path: ['data', 'currency'],
    message: 'expected the currency of an amount',
  })
  .transform(({ data }) => ({
    currency: (data.currency ?? '').trim().toUpperCase(),
    available: data.total?.available ?? undefined,
    pending: data.total?.pending ?? 0n,
    owed: -(data.customerBalance?.amount ?? 0n),
  }));
export type CreditBalance = z.infer<typeof CreditBalance>;

/** What may be spent is the balance; what is pending or owed can be read in the status. */
export function readBalance(
  { currency, available, pending, owed }: CreditBalance,
  context: Pick<NorthflankContext, 'usdOf'>,
): Reading {
  const noteIf = (topic: string, amount: Fixed, isWarning: boolean) =>
    amount > 0n ? [note(topic, `${formatDecimal(amount)} ${currency}`.trim(), isWarning)] : [];
  return reading({
    observations: observeUsd('balance', { amount: available, currency }, context),
    notes: [...noteIf('pending credit', pending, false), ...noteIf('owed', owed, true)],
  });
}
