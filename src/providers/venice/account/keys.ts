import { z } from 'zod';
import type { Observation } from '../../../core/statement/statement.ts';
import { type Fixed, fromInteger } from '../../../core/values/money.ts';
import { HOUR } from '../../../core/values/time.ts';
import type { DriftLog } from '../../api/drift-log.ts';
import { isRefusal } from '../../api/errors.ts';
import type { FeedContext } from '../../api/provider.ts';
import { observe, sumOfAll } from '../../api/readings.ts';
import type { Ask } from '../../api/request.ts';
import { Decimal, lenient, listOf, Text, unusedFields } from '../../api/schemas.ts';
import { defineState } from '../../api/state.ts';
import { parseInstant } from '../usage/instant.ts';

// https://docs.venice.ai/api-reference/endpoint/api_keys/list

const amount = lenient(Decimal.nullish());
const Amounts = lenient(z.looseObject({ usd: amount, diem: amount, vcu: amount }).nullish());
type Amounts = z.infer<typeof Amounts>;

const ApiKey = z.looseObject({
  id: lenient(z.string().min(1)),
  consumptionLimits: Amounts,
  /** What is spent in the current period; only of a key that has a limit. */
  currentPeriodUsage: Amounts,
  expiresAt: Text,
  limitPeriod: Text,
  ...unusedFields(
    'apiKeyType',
    'createdAt',
    'description',
    'last6Chars',
    'lastUsedAt',
    'modelPrivacy',
    'usage',
  ),
});
type ApiKey = z.infer<typeof ApiKey>;

/** `GET /api_keys`: the keys that did not expire, without their secrets. None of it is money of the ledger. */
const ApiKeys = z.looseObject({ data: lenient(listOf(ApiKey)), ...unusedFields('object') });
export type ApiKeys = z.infer<typeof ApiKeys>;

/** More than the 500 an account may have; each is three series. */
const MAX_KEYS = 1000;
const PERIODS = new Set(['EPOCH', 'MONTH', 'LIFETIME']);
/** The key that the exporter itself uses: only its id is unknown. */
export const OWN_KEY = 'self';

/** The keys, where they may be read; else what the feed remembers of the refusal. */
export interface KeyTable {
  readonly body?: ApiKeys;
  readonly state?: string | undefined;
}

const refusal = defineState(z.object({ keysRefusedAt: z.number() }));

/** Asks for the keys. Refused, they are left out for an hour; what else the feed reads goes on. */
export async function askKeys(ask: Ask, context: FeedContext<unknown>): Promise<KeyTable> {
  const { now, state } = context;
  const refusedAt = refusal.read(state)?.keysRefusedAt;
  if (refusedAt !== undefined && now >= refusedAt && now - refusedAt < HOUR) return { state };
  try {
    return { body: (await ask({ path: '/api_keys', schema: ApiKeys })).body };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { state: refusal.write({ keysRefusedAt: now }) };
  }
}

/** What keys may spend, did spend and when they expire. */
export function observationsOfKeys(
  body: ApiKeys,
  drift: DriftLog,
  context: Pick<FeedContext<unknown>, 'usdOf'>,
): Observation[] {
  const keys = (body.data ?? []).flatMap((key) => (key.id === undefined ? [] : [{ ...key, id: key.id }]));
  const shown = drift.limit(MAX_KEYS, 'API keys', keys);
  for (const { limitPeriod } of shown) drift.addUnknown(limitPeriod, PERIODS, 'limitPeriod');
  return [
    ...shown.flatMap((key) => limitsOf(key, context)),
    ...shown.flatMap(({ id, expiresAt }) => expiryOf(id, expiresAt, drift)),
  ];
}

/**
 * A request is paid in one currency, and goes on in the next one where a limit is reached: the limits of a key add up. What was
 * spent in a currency without a limit is not a part of any.
 */
function limitsOf(
  { id, consumptionLimits, currentPeriodUsage }: ApiKey & { readonly id: string },
  { usdOf }: Pick<FeedContext<unknown>, 'usdOf'>,
): Observation[] {
  // VCU is the legacy name of DIEM, which is listed beside it.
  const currencies = ['usd', consumptionLimits?.diem == null ? 'vcu' : 'diem'] as const;
  const limited = currencies.filter((currency) => consumptionLimits?.[currency] != null);
  if (limited.length === 0) return [];
  const sumOf = (amounts: Amounts) =>
    sumOfAll(
      limited.map((currency) => {
        const amount = amounts?.[currency];
        return amount == null ? undefined : usdOf(amount, currency.toUpperCase());
      }),
    );
  return [
    ...observe('apiKeyLimit', { api_key: id }, sumOf(consumptionLimits)),
    ...observe('apiKeyUsed', { api_key: id }, sumOf(currentPeriodUsage)),
  ];
}

/** When a key expires; nothing if it never does. */
export function expiryOf(key: string, text: string | null | undefined, drift: DriftLog): Observation[] {
  if (!text) return [];
  const value = secondsOf(text);
  if (value === undefined) drift.add('unknown_value', 'key expiration');
  return observe('apiKeyExpiry', { api_key: key }, value);
}

/** Unix seconds of an instant, or of the first instant of a UTC day. */
export function secondsOf(text: string): Fixed | undefined {
  try {
    return fromInteger(BigInt(parseInstant(text.length === 10 ? `${text}T00:00:00Z` : text)), -3);
  } catch {
    return undefined;
  }
}
