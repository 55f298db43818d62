import type { Instant } from '../../../src/core/values/time.ts';
import type { WaitStyle } from './faults.ts';
import type { SimulatedCall } from './service.ts';

/** The standard ways to say how long to wait; none for a style that is the provider's own. */
export function retryAfter(waitSeconds: number, style: WaitStyle, now: Instant): Record<string, string> {
  if (style === 'seconds') return { 'retry-after': String(waitSeconds) };
  if (style === 'date') return { 'retry-after': new Date(now + waitSeconds * 1000).toUTCString() };
  return {};
}

/** What follows the scheme in the authorization header; undefined where the header is missing or of another scheme. */
export function keyOf(call: SimulatedCall, ...schemes: readonly string[]): string | undefined {
  const [scheme = '', key = ''] = (call.headers.authorization ?? '').split(' ', 2);
  return schemes.some((accepted) => accepted.toLowerCase() === scheme.toLowerCase()) ? key : undefined;
}

/** Instants as ISO 8601 with a zone, such as `2026-07-31T12:34:56.000Z`; undefined for everything else. */
export function instantOf(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Counts requests in windows that begin with the first request after the last one ended. */
export interface Meter {
  readonly limit: number;
  /** Counts one. */
  count(now: Instant): { readonly remaining: number; readonly resetAt: Instant; readonly exhausted: boolean };
}

export function meter(limit: number, perMs: number): Meter {
  let resetAt = Number.NEGATIVE_INFINITY;
  let used = 0;
  return {
    limit,
    count: (now) => {
      if (now >= resetAt) {
        resetAt = now + perMs;
        used = 0;
      }
      used += 1;
      return { remaining: Math.max(0, limit - used), resetAt, exhausted: used > limit };
    },
  };
}
