import { z } from 'zod';
import type { Drift, Note, Observation, Reading } from '../../core/statement/statement.ts';
import { type Fixed, ONE } from '../../core/values/money.ts';
import type { FeedContext } from '../api/provider.ts';
import type { Ask } from '../api/request.ts';
import { Decimal, lenient, Text } from '../api/schemas.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { askKeys, type KeyTable, memoOfKeys, readKeys } from './keys.ts';
import { CURRENCIES } from './usage-aggregator.ts';

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
export type VeniceBalance = z.infer<typeof Balance>;

/** What is left, and what the keys may spend of it. */
export interface AccountPage {
  readonly balance: VeniceBalance;
  readonly keys: KeyTable;
}

export async function* askAccount(
  ask: Ask,
  _: unknown,
  context: FeedContext<unknown>,
): AsyncGenerator<AccountPage> {
  const balance = (await ask({ path: '/billing/balance', schema: Balance })).body;
  yield { balance, keys: await askKeys(ask, context) };
}

export function readAccount({ balance, keys }: AccountPage, context: FeedContext<unknown>) {
  const reading = readBalance(balance, context);
  const { observations, drift } = keys.body ? readKeys(keys.body, context) : { observations: [], drift: [] };
  return {
    ...reading,
    observations: [...reading.observations, ...observations],
    drift: [...reading.drift, ...drift],
    notes: [...(reading.notes ?? []), ...notesOf(keys)],
    ...memoOfKeys(keys),
  };
}

function notesOf({ body }: KeyTable): Note[] {
  const text = 'their limits may not be read: asked for again an hour after the refusal';
  return body ? [] : [{ topic: 'API keys', text, isWarning: false }];
}

/** Reads what is left, in dollars. Null is not zero: a balance that is not told has no sample. */
function readBalance(body: VeniceBalance, { usdOf }: Pick<FeedContext<unknown>, 'usdOf'>): Reading {
  const currency = body.consumptionCurrency ?? undefined;
  return {
    resources: [],
    observations: [...balancesOf(body, usdOf), ...canConsumeOf(body), ...quotaOf(body, usdOf)],
    drift: [...unknownFieldsOf(Balance, body), ...driftOf(currency)],
    notes: currency === undefined ? [] : [noteOf(currency)],
  };
}

function balancesOf({ balances }: VeniceBalance, usdOf: FeedContext<unknown>['usdOf']): Observation[] {
  return Object.entries(balances).flatMap(([kind, value]) => {
    const amount = amountOf(value);
    const currency = currencyOf(kind);
    const usd = amount === undefined ? undefined : usdOf(amount, currency);
    return usd === undefined ? [] : [{ metric: 'balance', labels: { currency }, value: usd }];
  });
}

function quotaOf(
  { diemEpochAllocation }: VeniceBalance,
  usdOf: FeedContext<unknown>['usdOf'],
): Observation[] {
  const amount = amountOf(diemEpochAllocation);
  const usd = amount === undefined ? undefined : usdOf(amount, QUOTA_CURRENCY);
  return usd === undefined ? [] : [{ metric: 'quota', labels: { currency: QUOTA_CURRENCY }, value: usd }];
}

/** Known kinds are read already; of others nobody knows what they hold. */
function amountOf(value: unknown): Fixed | undefined {
  return typeof value === 'bigint' ? value : Decimal.safeParse(value).data;
}

/** `bundledCredits` is the ledger's `BUNDLED_CREDITS`. */
function currencyOf(kind: string): string {
  return kind.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

function canConsumeOf({ canConsume }: VeniceBalance): Observation[] {
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
