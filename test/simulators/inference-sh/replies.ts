import type { WaitStyle } from '../kit/faults.ts';
import { retryAfter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import type { SimulatedContract } from '../kit/world.ts';

const CODES: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['invalid_request', 'Invalid Request'],
  401: ['unauthorized', 'Unauthorized'],
  403: ['forbidden', 'Forbidden'],
  404: ['not_found', 'Not Found'],
  405: ['invalid_request', 'Method Not Allowed'],
  422: ['invalid_request', 'Unprocessable Entity'],
  429: ['rate_limited', 'Rate Limited'],
};
const INTERNAL = ['internal_error', 'Internal Error'] as const;

/** Do errors follow RFC 9457? Without the version header the first contract wraps them instead. */
function isBare(call: SimulatedCall, contract: SimulatedContract): boolean {
  return contract === 'current' || call.headers['x-api-version'] === '2';
}

/** Three envelopes: everything in `data` (current); nothing around it (version 2); or success, status and data. */
export function success(call: SimulatedCall, contract: SimulatedContract, dto: object): Reply {
  if (contract === 'current') return { status: 200, body: { data: dto, messages: [] } };
  if (isBare(call, contract)) return { status: 200, body: dto };
  return { status: 200, body: { success: true, status: 200, data: dto } };
}

export function failure(
  call: SimulatedCall,
  contract: SimulatedContract,
  status: number,
  detail: string,
): Reply {
  const [code, title] = CODES[status] ?? INTERNAL;
  if (!isBare(call, contract)) {
    return { status, body: { success: false, status, error: { code, message: detail } } };
  }
  const type = `https://api.inference.sh/errors/${code}`;
  return { status, type: 'application/problem+json', body: { type, title, status, detail } };
}

export function throttled(
  call: SimulatedCall,
  contract: SimulatedContract,
  waitSeconds: number,
  style: WaitStyle,
): Reply {
  const reset = String(Math.ceil(call.now / 1000) + waitSeconds);
  return {
    ...failure(call, contract, 429, 'Too many requests'),
    headers: {
      ...retryAfter(waitSeconds, style, call.now),
      ...(style === 'reset' && { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }),
    },
  };
}
