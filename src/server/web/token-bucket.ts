import type { WebRateLimit } from './config.ts';

/** Lets requests through at a rate. */
export interface TokenBucket {
  /** 0 lets the request through; else how long it takes until one would be. */
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
