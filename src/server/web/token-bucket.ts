import type { WebRateLimit } from './config.ts';

/** Limits the rate of requests. */
export interface TokenBucket {
  /** 0 admits the request; otherwise the milliseconds until one would be admitted. */
  take(): number;
}

/** A token bucket that starts full: https://pkg.go.dev/golang.org/x/time/rate#Limiter */
export function createTokenBucket({ intervalMs, burst }: WebRateLimit, now: () => number): TokenBucket {
  let tokens = burst;
  let filledAt = now();
  return {
    take() {
      const at = now();
      tokens = Math.min(burst, tokens + (at - filledAt) / intervalMs);
      filledAt = at;
      if (tokens < 1) return (1 - tokens) * intervalMs;
      tokens -= 1;
      return 0;
    },
  };
}
