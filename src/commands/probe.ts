import type { Account } from '../config/config.ts';
import { SECOND, startOfMonth } from '../core/values/time.ts';
import { PollError } from '../providers/api/errors.ts';
import { EMPTY_CONTEXT, type Feed, type FeedContext } from '../providers/api/provider.ts';
import type { Probed } from './check.ts';
import { openClient } from './client.ts';

/** Long enough for a fault to be met with one more try. */
const PATIENCE_MS = 10 * SECOND;

/** Asks the account's provider for the first page of its first feed with something due: enough to know whether the credential works. */
export async function probe(account: Account, stop: AbortSignal): Promise<Probed> {
  const late = AbortSignal.timeout(account.timeoutMs + PATIENCE_MS);
  const signal = AbortSignal.any([stop, late]);
  const client = openClient(account);
  try {
    return { ok: true, isTried: await askOnce(account, client.ask(signal), signal) };
  } catch (error) {
    if (error instanceof PollError) return { ok: false, reason: error.reason, message: error.message };
    if (late.aborted) return { ok: false, reason: 'timeout', message: 'no answer in time' };
    throw error;
  } finally {
    await client.close();
  }
}

/** Whether there was anything to ask for. */
async function askOnce(
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
