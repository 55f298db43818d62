import { type Instant, instantOf } from '../../core/values/time.ts';
import type { ProviderRateLimit } from './provider.ts';

/** Names in lower case; the first that an answer has counts. */
interface RateLimitHeaders {
  readonly remaining: readonly string[];
  /** Unix seconds, Unix milliseconds or seconds from now: the size of the number tells. */
  readonly reset: readonly string[];
}

type ReadRateLimit = (headers: Readonly<Record<string, string>>, now: Instant) => ProviderRateLimit;

/** Reads what is left of the provider's own window from its headers. */
export function rateLimitHeaders(names: RateLimitHeaders): ReadRateLimit {
  return (headers, now) => {
    const numberIn = (all: readonly string[]) => numberOf(headers[all.find((name) => name in headers) ?? '']);
    const [remaining, reset] = [numberIn(names.remaining), numberIn(names.reset)];
    return {
      ...(remaining !== undefined && { remaining }),
      ...(reset !== undefined && { resetAt: instantOf(reset, now) }),
    };
  };
}

function numberOf(text = ''): number | undefined {
  return /^\d{1,15}(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}
