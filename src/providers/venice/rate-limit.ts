import { SECOND } from '../../core/time.ts';
import type { RateLimit } from '../provider.ts';

/**
 * Reads what is left of the current window.
 *
 * The retired endpoint has names and units of its own: its reset is in milliseconds, that of all others in seconds, both since
 * the epoch: https://docs.venice.ai/api-reference/rate-limiting
 */
export function rateLimit(headers: Readonly<Record<string, string>>): RateLimit {
  const remaining = numberIn(headers['x-ratelimit-remaining-requests'] ?? headers['x-ratelimit-remaining']);
  const seconds = numberIn(headers['x-ratelimit-reset-requests']);
  const resetAt = seconds === undefined ? numberIn(headers['x-ratelimit-resets']) : seconds * SECOND;
  return { ...(remaining !== undefined && { remaining }), ...(resetAt !== undefined && { resetAt }) };
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
