import type { WaitStyle } from '../kit/faults.ts';
import { retryAfter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  429: 'Too many requests',
};

export function failure(status: number, details: Record<string, string[]> = {}): Reply {
  const message = MESSAGES[status] ?? 'Internal server error';
  return { status, body: { error: { status, message, id: `err-${status}`, details } } };
}

/** https://northflank.com/docs/v1/api/use-the-api: the reset is a number of seconds from now. */
export function limits(limit: number, remaining: number, resetSeconds: number): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(resetSeconds),
  };
}

export function throttled(waitSeconds: number, style: WaitStyle, call: SimulatedCall): Reply {
  return { ...failure(429), headers: retryAfter(waitSeconds, style, call.now) };
}
