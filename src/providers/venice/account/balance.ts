import { z } from 'zod';
import { type Fixed, ONE } from '../../../core/values/money.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { FeedContext, RangeReading } from '../../api/provider.ts';
import { note, observe, observeUsd, reading } from '../../api/readings.ts';
import type { Ask } from '../../api/request.ts';
import { Decimal, lenient, Text } from '../../api/schemas.ts';
import { CURRENCIES } from '../usage/aggregator.ts';
import { askKeys, type KeyTable, observationsOfKeys } from './keys.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/balance

const Amount = Decimal.nullish();
/** What refills in each epoch. */
export const QUOTA_CURRENCY = 'DIEM';

/** `GET /billing/balance`. The two kinds of credits came after the description of 2026-08; there may be more. */
const Balance = z.looseObject({
  canConsume: lenient(z.boolean().nullish()),
  consumptionCurrency: Text,
  balances: z.looseObject({
    /** Null without a stake. */
    diem: Amount,
    /** These are null when they are not positive. */
    usd: Amount,
    bundledCredits: Amount,
    earnedCredits: Amount,
  }),
  /** What the stake gives in each epoch, which is a UTC day. */
  diemEpochAllocation: z.unknown().optional(),
});

/** What is left, and what the keys may spend of it. */
export interface AccountPage {
  readonly balance: z.infer<typeof Balance>;
  readonly keys: KeyTable;
}

export async function askAccount(ask: Ask, context: FeedContext<unknown>): Promise<AccountPage> {
  const balance = (await ask({ path: '/billing/balance', schema: Balance })).body;
  return { balance, keys: await askKeys(ask, context) };
}

/** Reads what is left, in dollars, and what the keys may spend of it. Null is not zero: an unknown balance has no sample. */
export function readAccount({ balance, keys }: AccountPage, context: FeedContext<unknown>): RangeReading {
  const drift = new DriftLog();
  const { canConsume } = balance;
  const currency = balance.consumptionCurrency ?? undefined;
  drift.addUnknown(currency, CURRENCIES, 'consumptionCurrency');
  const quota = { amount: amountOf(balance.diemEpochAllocation), currency: QUOTA_CURRENCY };
  return reading({
    observations: [
      ...Object.entries(balance.balances).flatMap(([kind, value]) =>
        observeUsd('balance', { amount: amountOf(value), currency: currencyOf(kind) }, context),
      ),
      ...observe('canConsume', {}, canConsume == null ? undefined : canConsume ? ONE : 0n),
      ...observeUsd('quota', quota, context),
      ...(keys.body ? observationsOfKeys(keys.body, drift, context) : []),
    ],
    drift: drift.list(),
    notes: [
      ...(currency === undefined ? [] : [note('consumption currency', currency.slice(0, 100))]),
      ...(keys.body ? [] : [note('API keys', KEYS_REFUSED)]),
    ],
    state: keys.state,
  });
}

const KEYS_REFUSED = 'their limits may not be read: asked for again an hour after the refusal';

/** Known kinds are read already; of others nobody knows what they hold. */
function amountOf(value: unknown): Fixed | undefined {
  return typeof value === 'bigint' ? value : Decimal.safeParse(value).data;
}

/** `bundledCredits` is the ledger's `BUNDLED_CREDITS`. */
function currencyOf(kind: string): string {
  return kind.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}
