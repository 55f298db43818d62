import { type Instant, SECOND } from '../../core/values/time.ts';
import type { ProviderRateLimit } from '../api/provider.ts';
import { rateLimitHeaders } from '../api/rate-limit.ts';

/** Of the drafts up to the sixth. */
const separate = rateLimitHeaders({ remaining: ['ratelimit-remaining'], reset: ['ratelimit-reset'] });

/**
 * What is left of the tightest window.
 *
 * `RateLimit: "minute";r=12;t=44, "hour";r=0;t=1724` in the current draft, `limit=100, remaining=12, reset=44` in earlier ones:
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function rateLimit(headers: Readonly<Record<string, string>>, now: Instant): ProviderRateLimit {
  const { ratelimit } = headers;
  if (ratelimit === undefined) return separate(headers, now);
  const isEarlier = /\bremaining\s*=/.test(ratelimit);
  const windows = isEarlier
    ? [windowOf(ratelimit, 'remaining', 'reset')]
    : ratelimit.split(',').map((window) => windowOf(window, 'r', 't'));
  const [tightest] = windows
    .flatMap((window) => window ?? [])
    .sort((a, b) => a.remaining - b.remaining || b.resetSeconds - a.resetSeconds);
  if (!tightest) return {};
  return { remaining: tightest.remaining, resetAt: now + tightest.resetSeconds * SECOND };
}

function windowOf(text: string, remaining: string, reset: string) {
  const [left, seconds] = [remaining, reset].map((name) => parameterOf(text, name));
  return left === undefined || seconds === undefined ? undefined : { remaining: left, resetSeconds: seconds };
}

function parameterOf(text: string, name: string): number | undefined {
  const [, digits] = new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*(\\d{1,9})(?![\\d.])`).exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
