import { type Instant, instantOf } from '../../core/values/time.ts';
import type { ProviderRateLimit } from '../api/provider.ts';

/**
 * Reads what is left of the current window.
 *
 * The retired endpoint has names and units of its own: its reset is in milliseconds, that of all others in seconds, both since
 * the epoch: https://docs.venice.ai/api-reference/rate-limiting
 */
export function rateLimit(headers: Readonly<Record<string, string>>, now: Instant): ProviderRateLimit {
  const remaining = numberIn(headers['x-ratelimit-remaining-requests'] ?? headers['x-ratelimit-remaining']);
  const reset = numberIn(headers['x-ratelimit-reset-requests'] ?? headers['x-ratelimit-resets']);
  return {
    ...(remaining !== undefined && { remaining }),
    ...(reset !== undefined && { resetAt: instantOf(reset, now) }),
  };
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
