import type { WaitStyle } from '../kit/faults.ts';
import { retryAfter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';

/** What is wrong with which parameter. */
export type Issues = Record<string, string>;

export function failure(status: number, message: string, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: { error: message } };
}

/** The detailed error of a 400. */
export function invalid(issues: Issues, message = 'Invalid request parameters'): Reply {
  const fields = Object.entries(issues).map(([name, issue]) => [name, { _errors: [issue] }]);
  return {
    status: 400,
    body: {
      error: message,
      details: { _errors: [], ...Object.fromEntries(fields) },
      issues: Object.entries(issues).map(([name, issue]) => ({
        code: 'custom',
        path: [name],
        message: issue,
      })),
    },
  };
}

/** No authorization at all is answered with an offer to pay. */
export const PAYMENT_REQUIRED: Reply = {
  status: 402,
  body: { x402Version: 2, error: 'Payment required', accepts: [] },
};

const SUCCESSOR =
  '</api/v1/billing/usage-history>; rel="successor-version", <https://docs.venice.ai/api-reference/endpoint/billing/usage-history>; rel="deprecation"; type="text/html"';

/** What the retired endpoint's answers carry since it was deprecated. */
export const DEPRECATION = { deprecation: '@1783555200', link: SUCCESSOR };

/** The retired endpoint, to everyone. */
export const SUNSET: Reply = failure(
  410,
  'This endpoint has been sunset. Use GET /api/v1/billing/usage-history: replace page and limit with pageSize and nextCursor, startDate and endDate with startTimestamp and endTimestamp.',
  { ...DEPRECATION, sunset: 'Wed, 16 Sep 2026 00:00:00 GMT' },
);

/** Too many requests. The current headers name an instant in seconds, those of the retired endpoint one in milliseconds. */
export function throttled(waitSeconds: number, style: WaitStyle, call: SimulatedCall): Reply {
  const resetAt = call.now + waitSeconds * 1000;
  const own = call.path.endsWith('/billing/usage')
    ? { 'x-ratelimit-remaining': '0', 'x-ratelimit-resets': String(resetAt) }
    : {
        'x-ratelimit-limit-requests': '60',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': String(Math.ceil(resetAt / 1000)),
      };
  const headers = { ...retryAfter(waitSeconds, style, call.now), ...(style === 'reset' && own) };
  return failure(429, 'Rate limit exceeded', headers);
}
