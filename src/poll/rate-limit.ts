import { type Instant, SECOND } from '../core/time.ts';
import type { Provider, RateLimit } from '../providers/provider.ts';

/** What an answer says about when to ask again, read from its headers and, of a 429, its body. */
export interface Advice {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON of a 429; undefined where it holds none. */
  readonly body: unknown;
  readonly limit: RateLimit;
  readonly now: Instant;
}

/** How long to wait after a 429 that does not say. */
export const UNTOLD_WAIT_MS = 60 * SECOND;

/** The last that has a date. */
export const LAST_INSTANT: Instant = 8.64e15;

/**
 * When the account may be asked again after an answer that refused or exhausted it: the latest of all it says.
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
    limited ? secondsAfter(now, provider.retryAfterOfBody?.(body)) : undefined,
    limited || (limit.remaining !== undefined && limit.remaining <= 0) ? limit.resetAt : undefined,
  ].filter((at) => at !== undefined && !Number.isNaN(at));
  if (told.length > 0) return Math.min(LAST_INSTANT, Math.max(...told.map(Number)));
  return limited ? now + UNTOLD_WAIT_MS : undefined;
}

type BodyAdvice = Pick<Provider, 'retryAfterOfBody'>;

/** Seconds or an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function retryAfterOf(value: string | undefined, now: Instant): Instant | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return secondsAfter(now, Number(text));
  return / \d\d:\d\d:\d\d /.test(text) ? Date.parse(text) : undefined;
}

function secondsAfter(now: Instant, seconds: number | undefined): Instant | undefined {
  return seconds === undefined ? undefined : now + Math.ceil(seconds * SECOND);
}
