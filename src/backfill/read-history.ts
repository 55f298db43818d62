import type { Ledger } from '../core/ledger.ts';
import { HOUR } from '../core/values/time.ts';
import { type AccountDefaults, openAccount } from '../poll/open-account.ts';
import { createWriter } from '../poll/writer.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { Logger } from '../runtime/log.ts';
import type { ProgressView } from '../runtime/progress.ts';
import { Quota } from './quota.ts';
import { type AccountToRead, readAccount } from './read-account.ts';
import type { ReadEvents, ReadOptions } from './read-feed.ts';
import { type HistoryRange, lengthOf, rangeToRead, type UnreadRange } from './unread.ts';

export interface HistoryToRead extends HistoryRange {
  readonly ledger: Ledger;
  readonly accounts: readonly PolledAccount[];
  readonly defaults: AccountDefaults;
}

export interface ReadHistoryOptions extends Omit<ReadOptions, 'events'> {
  readonly log: Logger;
  readonly progress: ProgressView;
}

/**
 * Reads what is unread of all accounts, side by side.
 *
 * @returns what could not be read, by account and stream as configured, and by time.
 * @throws the signal's reason once it aborts; what was read stays.
 */
export async function readHistory(
  history: HistoryToRead,
  options: ReadHistoryOptions,
): Promise<UnreadRange[]> {
  const accounts = openAccounts(history, options);
  const events = eventsOf(accounts, options);
  // One that fails for a reason of ours ends the others, so that nothing is written once this has ended.
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const reading = accounts.map(async (account) => {
    try {
      return await readAccount(account, { ...options, signal, events });
    } catch (error) {
      stopping.abort(error);
      throw error;
    }
  });
  try {
    await Promise.allSettled(reading);
    signal.throwIfAborted();
    return (await Promise.all(reading)).flat();
  } finally {
    options.progress.end(PROGRESS);
    await Promise.all(accounts.map(({ open }) => open.client.close()));
  }
}

function openAccounts(
  { ledger, accounts, defaults, ...history }: HistoryToRead,
  { now, wait }: ReadHistoryOptions,
): AccountToRead[] {
  const write = createWriter((work) => ledger.transaction(work));
  return accounts.map((account) => {
    const quota = new Quota(account.provider.requestBudget?.requests);
    const events = {
      answered() {},
      retried() {},
      waitCut() {},
      rateLimit: (limit: Parameters<Quota['update']>[0]) => quota.update(limit),
    };
    const since = history.from;
    const open = openAccount({ ...account, since }, { ...defaults, ledger, now, wait, events, write });
    const streams = ledger.settingsOf(open.id).streams.map((stream) => {
      const range = rangeToRead(account, stream, history);
      return { name: stream.name, unread: () => ledger.gaps(open.id, stream.name, range) };
    });
    const labels = { provider: account.provider.id, account: account.name };
    return { labels, open, ledger, quota, streams };
  });
}

/** Names the bar. */
const PROGRESS = 'reading history';

function eventsOf(accounts: readonly AccountToRead[], { log, progress }: ReadHistoryOptions): ReadEvents {
  const hoursUnread = () => {
    const streams = accounts.flatMap((account) => account.streams);
    return Math.ceil(streams.reduce((sum, { unread }) => sum + lengthOf(unread()), 0) / HOUR);
  };
  const total = hoursUnread();
  const waiting = new Set<string>();
  const show = () => {
    if (total > 0) progress.update(PROGRESS, total - hoursUnread(), total);
  };
  show();
  return {
    progress: show,
    failed({ labels }, { reason, message, hint }, retryAt) {
      const next = retryAt === undefined ? 'giving up' : `retrying at ${new Date(retryAt).toISOString()}`;
      log.warn({ ...labels, reason, error: message, hint }, `poll failed; ${next}`);
    },
    waiting({ labels }) {
      const account = `${labels.provider}/${labels.account}`;
      if (!waiting.has(account))
        log.info(labels, 'waiting for the request limit, of which half is left to a running exporter');
      waiting.add(account);
    },
  };
}
