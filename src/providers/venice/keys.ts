import { z } from 'zod';
import type { Drift, Observation } from '../../core/statement/statement.ts';
import { type Fixed, fromInteger } from '../../core/values/money.ts';
import { HOUR, type Instant } from '../../core/values/time.ts';
import { isRefusal } from '../api/errors.ts';
import type { FeedContext } from '../api/provider.ts';
import type { Ask } from '../api/request.ts';
import { Decimal, lenient, listOf, Text } from '../api/schemas.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { parseInstant } from './instant.ts';

// https://docs.venice.ai/api-reference/endpoint/api_keys/list

const PATH = '/api_keys';
const unread = z.unknown().optional();
const amount = lenient(Decimal.nullish());
const Amounts = lenient(z.looseObject({ usd: amount, diem: amount, vcu: amount }).nullish());

const ApiKey = z.looseObject({
  id: lenient(z.string().min(1)),
  apiKeyType: unread,
  consumptionLimits: Amounts,
  createdAt: unread,
  /** What is spent in the current period; only of a key that has a limit. */
  currentPeriodUsage: Amounts,
  description: unread,
  expiresAt: Text,
  last6Chars: unread,
  lastUsedAt: unread,
  limitPeriod: Text,
  modelPrivacy: unread,
  usage: unread,
});
type ApiKey = z.infer<typeof ApiKey>;

/** `GET /api_keys`: the keys that did not expire, without their secrets. None of it is money of the ledger. */
const ApiKeys = z.looseObject({ data: lenient(listOf(ApiKey)), object: unread });
export type ApiKeys = z.infer<typeof ApiKeys>;

/** More than the 500 an account may have; each is three series. */
const MOST_KEYS = 1000;
const PERIODS = new Set(['EPOCH', 'MONTH', 'LIFETIME']);
/** The key that the exporter itself uses: only its id is not told. */
export const OWN_KEY = 'self';

/** The keys, where they may be read; when they were refused, by the state of the feed. */
export interface KeyTable {
  readonly body?: ApiKeys;
  readonly refusedAt?: Instant;
}

const Memo = z.object({ keysRefusedAt: z.number() });

/** Asks for the keys. Refused, they are left out for an hour; what else the feed reads goes on. */
export async function askKeys(ask: Ask, { state, now }: FeedContext<unknown>): Promise<KeyTable> {
  const refusedAt = refusalIn(state);
  if (refusedAt !== undefined && now >= refusedAt && now - refusedAt < HOUR) return { refusedAt };
  try {
    return { body: (await ask({ path: PATH, schema: ApiKeys })).body };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { refusedAt: now };
  }
}

export function memoOfKeys({ refusedAt }: KeyTable): { state?: string } {
  return refusedAt === undefined ? {} : { state: JSON.stringify({ keysRefusedAt: refusedAt }) };
}

function refusalIn(state: string | undefined): Instant | undefined {
  try {
    return Memo.safeParse(JSON.parse(state ?? '')).data?.keysRefusedAt;
  } catch {
    return undefined;
  }
}

/** What keys may spend, did spend and when they expire. */
export function readKeys(
  body: ApiKeys,
  context: Pick<FeedContext<unknown>, 'usdOf'>,
): { readonly observations: Observation[]; readonly drift: Drift[] } {
  const keys = (body.data ?? []).flatMap((key) => (key.id === undefined ? [] : [{ ...key, id: key.id }]));
  const shown = keys.slice(0, MOST_KEYS);
  const periods = new Set(shown.flatMap(({ limitPeriod }) => limitPeriod ?? []));
  const odd = [...periods].filter((period) => !PERIODS.has(period)).map((period) => `limitPeriod ${period}`);
  const expiries = shown.map((key) => expiryOf(key.id, key.expiresAt));
  return {
    observations: [
      ...shown.flatMap((key) => limitOf(key, context)),
      ...expiries.flatMap(({ observations }) => observations),
    ],
    drift: [
      ...unknownFieldsOf(ApiKeys, body),
      ...odd.map((what) => ({ kind: 'unknown_value' as const, what: what.slice(0, 100) })),
      ...expiries.flatMap(({ drift }) => drift).slice(0, 1),
      ...(shown.length < keys.length ? [{ kind: 'too_many_rows' as const, what: 'API keys' }] : []),
    ],
  };
}

/**
 * A request is paid in one currency, and goes on in the next one where a limit is reached: the limits of a key add up. What was
 * spent in a currency without a limit is not a part of any.
 */
function limitOf(
  { id, consumptionLimits, currentPeriodUsage: used }: ApiKey & { readonly id: string },
  { usdOf }: Pick<FeedContext<unknown>, 'usdOf'>,
): Observation[] {
  const { usd, diem, vcu } = consumptionLimits ?? {};
  // The legacy name of DIEM, which is told beside it.
  const staked = isTold(diem)
    ? { currency: 'DIEM', limit: diem, spent: used?.diem }
    : { currency: 'VCU', limit: vcu, spent: used?.vcu };
  const limited = [{ currency: 'USD', limit: usd, spent: used?.usd }, staked].filter(({ limit }) =>
    isTold(limit),
  );
  if (limited.length === 0) return [];
  const sumOf = (amountOf: (one: (typeof limited)[number]) => Fixed | null | undefined) => {
    const amounts = limited.map((one) => {
      const amount = amountOf(one);
      return isTold(amount) ? usdOf(amount, one.currency) : undefined;
    });
    return amounts.reduce((sum, amount) => (isTold(sum) && isTold(amount) ? sum + amount : undefined), 0n);
  };
  const labels = { api_key: id };
  return Object.entries({
    apiKeyLimit: sumOf(({ limit }) => limit),
    apiKeyUsed: sumOf(({ spent }) => spent),
  }).flatMap(([metric, value]) => (isTold(value) ? [{ metric, labels, value }] : []));
}

function isTold(amount: Fixed | null | undefined): amount is Fixed {
  return typeof amount === 'bigint';
}

/** When a key expires; nothing where it never does. */
export function expiryOf(
  key: string,
  text: string | null | undefined,
): { readonly observations: Observation[]; readonly drift: Drift[] } {
  if (text === null || text === undefined || text === '') return { observations: [], drift: [] };
  const value = secondsOf(text);
  if (value === undefined)
    return { observations: [], drift: [{ kind: 'unknown_value', what: 'key expiration' }] };
  return { observations: [{ metric: 'apiKeyExpiry', labels: { api_key: key }, value }], drift: [] };
}

/** Unix seconds of an instant, or of the first instant of a UTC day. */
export function secondsOf(text: string): Fixed | undefined {
  try {
    return fromInteger(BigInt(parseInstant(text.length === 10 ? `${text}T00:00:00Z` : text)), -3);
  } catch {
    return undefined;
  }
}
