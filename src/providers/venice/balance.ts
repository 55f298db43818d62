import { z } from 'zod';
import { type Fixed, ONE } from '../../core/money.ts';
import type { Drift, Note, Observation, Reading } from '../../core/statement.ts';
import type { FeedContext } from '../provider.ts';
import { Decimal, lenient, Text } from '../schemas.ts';
import { unknownFieldsOf } from '../unknown-fields.ts';
import { CURRENCIES } from './tally.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/balance

const Amount = Decimal.nullish();

/** `GET /billing/balance`. The two kinds of credits came after the description of 2026-08; there may be more. */
export const Balance = z.looseObject({
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
  diemEpochAllocation: z.unknown().optional(),
});
export type Balance = z.infer<typeof Balance>;

/** Reads what is left, in dollars. Null is not zero: a balance that is not told has no sample. */
export function readBalance(body: Balance, { usdOf }: Pick<FeedContext<unknown>, 'usdOf'>): Reading {
  const currency = body.consumptionCurrency ?? undefined;
  return {
    resources: [],
    observations: [...balancesOf(body, usdOf), ...canConsumeOf(body)],
    drift: [...unknownFieldsOf(Balance, body), ...driftOf(currency)],
    notes: currency === undefined ? [] : [noteOf(currency)],
  };
}

function balancesOf({ balances }: Balance, usdOf: FeedContext<unknown>['usdOf']): Observation[] {
  return Object.entries(balances).flatMap(([kind, value]) => {
    const amount = amountOf(value);
    const currency = currencyOf(kind);
    const usd = amount === undefined ? undefined : usdOf(amount, currency);
    return usd === undefined ? [] : [{ metric: 'balance', labels: { currency }, value: usd }];
  });
}

/** Known kinds are read already; of others nobody knows what they hold. */
function amountOf(value: unknown): Fixed | undefined {
  return typeof value === 'bigint' ? value : Decimal.safeParse(value).data;
}

/** `bundledCredits` is the ledger's `BUNDLED_CREDITS`. */
function currencyOf(kind: string): string {
  return kind.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

function canConsumeOf({ canConsume }: Balance): Observation[] {
  if (canConsume === null || canConsume === undefined) return [];
  return [{ metric: 'canConsume', labels: {}, value: canConsume ? ONE : 0n }];
}

function driftOf(currency: string | undefined): Drift[] {
  if (currency === undefined || CURRENCIES.has(currency)) return [];
  return [{ kind: 'unknown_value', what: `consumptionCurrency ${currency}`.slice(0, 100) }];
}

function noteOf(currency: string): Note {
  return { topic: 'consumption currency', text: currency.slice(0, 100), isWarning: false };
}
