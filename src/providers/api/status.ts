import type { FailureReason } from './errors.ts';

const REASONS: Readonly<Record<number, FailureReason>> = {
  401: 'auth',
  // Some providers answer so to a request without any key.
  402: 'auth',
  403: 'auth',
  // The server gave up waiting for the request: nothing is wrong with the contract.
  408: 'timeout',
  410: 'sunset',
  429: 'rate_limited',
};

/** Why an answer other than 200 is a failed poll. Whatever is not in the documentation breaks the contract, redirects too. */
export function reasonOfStatus(status: number): FailureReason {
  return REASONS[status] ?? (status >= 500 ? 'server' : 'contract');
}
