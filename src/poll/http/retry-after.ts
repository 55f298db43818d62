import { HOUR, type Instant, instantOf, SECOND } from '../../core/values/time.ts';
import type { Provider, ProviderRateLimit } from '../../providers/api/provider.ts';

/** What an answer says about when to ask again, read from its headers and, of a 429, its body. */
export interface Advice {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON of a 429; undefined where it holds none. */
  readonly body: unknown;
  readonly limit: ProviderRateLimit;
  readonly now: Instant;
}

/** How long to wait after a 429 that does not say. */
export const UNTOLD_WAIT_MS = 60 * SECOND;

/**
 * No wait is longer, whatever an answer says: no provider counts over more than an hour, so that a longer one is a mistake of the server.
 * One more request an hour does no harm; an account that is silent for years does.
 */
export const MAX_WAIT_MS = HOUR;

/**
 * When the account may be asked again after an answer that refused or exhausted it: the latest of all it says, plausible or not.
 *
 * Undefined where it asks for no pause. A 503 counts only with a Retry-After, any answer with nothing remaining counts.
 */
export function retryAtOf(
  { status, headers, body, limit, now }: Advice,
  provider: BodyAdvice,
): Instant | undefined {
  const limited = status === 429;
  const told = [
    limited || status === 503 ? retryAfterOf(headers['retry-after'], now) : undefined,
    limited ? instantIn(provider.retryAfterOfBody?.(body), now) : undefined,
    limited || (limit.remaining !== undefined && limit.remaining <= 0) ? limit.resetAt : undefined,
  ].filter((at) => at !== undefined && !Number.isNaN(at));
  if (told.length > 0) return Math.max(...told.map(Number));
  return limited ? now + UNTOLD_WAIT_MS : undefined;
}

type BodyAdvice = Pick<Provider, 'retryAfterOfBody'>;

/** Seconds or an HTTP date; a Unix time, too, is understood: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function retryAfterOf(value: string | undefined, now: Instant): Instant | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return instantOf(Number(text), now);
  return / \d\d:\d\d:\d\d /.test(text) ? Date.parse(text) : undefined;
}

function instantIn(value: number | undefined, now: Instant): Instant | undefined {
  return value === undefined ? undefined : instantOf(value, now);
}
