import type { Account } from '../config/config.ts';
import { createHttpClient, type HttpClient } from '../poll/http/client.ts';
import type { HttpEvents } from '../poll/http/context.ts';

const NO_EVENTS: HttpEvents = { answered() {}, retried() {}, rateLimit() {}, waitCut() {} };

/** Opens a client of an account's provider for a few requests, independent of any ledger. A longer wait for a limit fails. */
export function openClient(account: Account, maxWaitMs?: number): HttpClient {
  const { provider, baseUrl, config, key, timeoutMs } = account;
  const waits = maxWaitMs === undefined ? {} : { maxWaitMs };
  return createHttpClient({
    provider,
    baseUrl,
    config,
    key,
    timeoutMs,
    events: NO_EVENTS,
    now: Date.now,
    ...waits,
  });
}
