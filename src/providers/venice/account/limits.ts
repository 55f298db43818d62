import { z } from 'zod';
import type { Note, Observation } from '../../../core/statement/statement.ts';
import { ONE } from '../../../core/values/money.ts';
import { DAY, type Instant } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { FeedContext, RangeReading } from '../../api/provider.ts';
import { rateLimitHeaders } from '../../api/rate-limit.ts';
import { note, observe, reading } from '../../api/readings.ts';
import { Decimal, lenient, listOf, Text, unusedFields } from '../../api/schemas.ts';
import { QUOTA_CURRENCY } from './balance.ts';
import { expiryOf, OWN_KEY, secondsOf } from './keys.ts';

// https://docs.venice.ai/api-reference/endpoint/api_keys/rate_limits

/** `GET /api_keys/rate_limits`. What only informs may be missing; its balances are those of `GET /billing/balance`, which counts. */
export const RateLimits = z.looseObject({
  data: z.looseObject({
    accessPermitted: lenient(z.boolean().nullish()),
    apiTier: lenient(z.looseObject({ id: z.string(), ...unusedFields('isCharged') })),
    ...unusedFields('balances'),
    keyExpiration: Text,
    nextEpochBegins: Text,
    rateLimits: listOf(
      z.looseObject({
        /** Not among the required ones. */
        apiModelId: Text,
        rateLimits: listOf(z.looseObject({ amount: lenient(Decimal), type: lenient(z.string()) })),
      }),
    ),
  }),
});
export type RateLimits = z.infer<typeof RateLimits>;

/** More than any account has; each is a series. */
const MAX_LIMITS = 1000;
const TYPES = new Set(['RPM', 'RPD', 'TPM']);
/** An expiration that is nearer is a warning. */
const NEAR_MS = 7 * DAY;

/** Reads what the account may ask of each model, and what becomes of the key. */
export function readLimits({ data }: RateLimits, { now }: Pick<FeedContext<unknown>, 'now'>): RangeReading {
  const drift = new DriftLog();
  const epoch = data.nextEpochBegins ?? '';
  const limits = drift.limit(MAX_LIMITS, 'rate limits of models', limitsOf(data));
  for (const { labels } of limits) drift.addUnknown(labels.limit_type, TYPES, 'limit of type');
  return reading({
    observations: [
      ...(data.apiTier ? observe('apiTierInfo', { tier: data.apiTier.id }, ONE) : []),
      ...limits,
      ...expiryOf(OWN_KEY, data.keyExpiration, drift),
      ...observe('quotaReset', { currency: QUOTA_CURRENCY }, secondsOf(epoch)),
    ],
    drift: drift.list(),
    notes: [
      ...(data.accessPermitted === false
        ? [note('access', 'the key may not use the inference API', true)]
        : []),
      ...expirationOf(data, now),
      ...(epoch ? [note('next epoch begins', epoch.slice(0, 40))] : []),
    ],
  });
}

function limitsOf({ rateLimits }: RateLimits['data']): Observation[] {
  return rateLimits.flatMap(({ apiModelId, rateLimits: own }) =>
    own.flatMap(({ amount, type }) =>
      type === undefined
        ? []
        : observe('modelRateLimit', { model: apiModelId ?? '', limit_type: type }, amount),
    ),
  );
}

/** The text changes with the warning: an unchanged note is not logged again. */
function expirationOf({ keyExpiration }: RateLimits['data'], now: Instant): Note[] {
  if (typeof keyExpiration !== 'string') return [];
  const left = Date.parse(keyExpiration) - now;
  const isNear = left < NEAR_MS;
  const soon = left < 0 ? ', which is past' : ', in less than 7 days';
  return [note('key expires', `${keyExpiration.slice(0, 40)}${isNear ? soon : ''}`, isNear)];
}

/** The retired endpoint has names of its own, and its reset is in milliseconds: https://docs.venice.ai/api-reference/rate-limiting */
export const rateLimit = rateLimitHeaders({
  remaining: ['x-ratelimit-remaining-requests', 'x-ratelimit-remaining'],
  reset: ['x-ratelimit-reset-requests', 'x-ratelimit-resets'],
});
