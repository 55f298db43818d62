import { HOUR, type Instant, instantOf, parseRetryAfter, SECOND } from '../../core/values/time.ts';
import type { Provider, ProviderRateLimit } from '../../providers/api/provider.ts';

/** What an answer says about when to retry, from its headers and the body of a 429. */
export interface RetryAdvice {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON of a 429, if it has any. */
  readonly body: unknown;
  readonly limit: ProviderRateLimit;
  readonly now: Instant;
}

/** How long to wait after a 429 that does not say. */
export const DEFAULT_WAIT_MS = 60 * SECOND;

/**
 * No wait is longer, whatever an answer says: no provider counts over more than an hour, so a longer wait is a mistake of the server.
 * One more request per hour does no harm; an account that is not polled for years does.
 */
export const MAX_WAIT_MS = HOUR;

/**
 * When the account may send requests again: the latest instant that the answer names, plausible or not. Undefined if it asks for no
 * pause. A 503 counts only with a Retry-After; any answer with nothing remaining counts.
 */
export function retryAtOf(
  { status, headers, body, limit, now }: RetryAdvice,
  provider: Pick<Provider, 'retryAfterOfBody'>,
): Instant | undefined {
  const limited = status === 429;
  const instants = [
    limited || status === 503 ? parseRetryAfter(headers['retry-after'], now) : undefined,
    limited ? instantIn(provider.retryAfterOfBody?.(body), now) : undefined,
    limited || (limit.remaining !== undefined && limit.remaining <= 0) ? limit.resetAt : undefined,
  ].filter((at) => at !== undefined && !Number.isNaN(at));
  if (instants.length > 0) return Math.max(...instants.map(Number));
  return limited ? now + DEFAULT_WAIT_MS : undefined;
}

function instantIn(value: number | undefined, now: Instant): Instant | undefined {
  return value === undefined ? undefined : instantOf(value, now);
}
