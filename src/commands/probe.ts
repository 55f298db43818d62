import type { Account } from '../config/config.ts';
import { SECOND, startOfMonth } from '../core/values/time.ts';
import { tryListen } from '../net/try-listen.ts';
import { POLL_FAILURES, PollError } from '../providers/api/errors.ts';
import { EMPTY_CONTEXT, type Feed, type FeedContext } from '../providers/api/provider.ts';
import { tryLedger } from '../store/trial.ts';
import type { CheckTools, ProbeResult } from './check.ts';
import { openClient } from './client.ts';

/** Long enough for one retry after a fault. */
const RETRY_MS = 10 * SECOND;

/** Requests the first page of the first feed that has something due: enough to know whether the credential works. */
export async function probe(account: Account, stop: AbortSignal): Promise<ProbeResult> {
  const timeout = AbortSignal.timeout(account.timeoutMs + RETRY_MS);
  const signal = AbortSignal.any([stop, timeout]);
  const client = openClient(account);
  try {
    return { ok: true, isTried: await requestOnce(account, client.ask(signal), signal) };
  } catch (error) {
    if (error instanceof PollError) {
      const { reason, message, hint } = error;
      return { ok: false, reason, message, hint };
    }
    if (timeout.aborted)
      return {
        ok: false,
        reason: 'timeout',
        message: 'no response in time',
        hint: POLL_FAILURES.timeout.hint,
      };
    throw error;
  } finally {
    await client.close();
  }
}

/** How `check` tries what it can try. */
export const PROBES: Omit<CheckTools, 'registry'> = { probe, tryListen, tryLedger };

async function requestOnce(
  { provider, config, since }: Account,
  ask: Parameters<Feed<unknown, unknown>['ask']>[0],
  signal: AbortSignal,
): Promise<boolean> {
  const now = Date.now();
  const context: FeedContext<unknown> = {
    ...EMPTY_CONTEXT,
    now,
    config,
    since: since ?? startOfMonth(now, -1),
    signal,
  };
  for (const feed of provider.feeds) {
    const [range] = feed.plan(context);
    if (!range) continue;
    for await (const _page of feed.ask(ask, range, context)) return true;
  }
  return false;
}
