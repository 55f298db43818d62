import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { counterStarts } from '../backfill/exporter-history.ts';
import { BackfillRefusal } from '../backfill/question.ts';
import type { Account } from '../config/config.ts';
import type { RemoteWriteConfig } from '../config/history/history.ts';
import { MINUTE, startOfMonth } from '../core/values/time.ts';
import type { Logger } from '../runtime/log.ts';
import {
  type AccountHistoryOptions,
  type AccountHistoryResult,
  labelsOf,
  pushAccountHistory,
} from './account-history.ts';
import type { App } from './app.ts';
import { SentAccounts } from './sent-accounts.ts';
import { accountsOf } from './status.ts';

export interface HistoryPushOptions extends Pick<AccountHistoryOptions, 'config' | 'log' | 'now'> {
  readonly app: Pick<App, 'ledger' | 'poller' | 'copyLedger'>;
  /** Resolves once `now` has advanced by `ms`; ends early, rejecting or not, when the signal aborts. */
  readonly wait?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** How long to wait for first polls, for a receiver that is away, or for history that could not be read. */
const RETRY_MS = 10 * MINUTE;
/** More series in the log would not help. */
const MAX_LOGGED = 20;

/**
 * Sends what each account was billed before its counters began to the receiver of the configuration, once. It works beside the polls,
 * with connections of its own and at most half of the requests that a provider allows, and goes on where it was stopped.
 */
export class HistoryPush {
  readonly #options: HistoryPushOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: HistoryPushOptions) {
    this.#options = options;
  }

  /** Starts in the background, or does nothing without a receiver. Errors are logged. */
  start(): void {
    const { config, log } = this.#options;
    const remoteWrite = config.history?.remoteWrite;
    if (!remoteWrite || this.#running) return;
    if (config.state.path === ':memory:') {
      log.warn('the history is not sent: it needs a ledger in a file');
      return;
    }
    this.#running = this.#run(remoteWrite).catch((error) => {
      if (!this.#stopping.signal.aborted)
        log.error({ err: error }, 'sending the history failed: the next start goes on');
    });
  }

  /** Ends requests and waits. The next start goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the exporter is stopping'));
    await this.#running;
  }

  async #run(remoteWrite: RemoteWriteConfig): Promise<void> {
    const { app, config, now, wait = waitInBackground } = this.#options;
    const { signal } = this.#stopping;
    const folder = `${config.state.path}.history`;
    const from = config.history?.from ?? startOfMonth(now(), -1);
    mkdirSync(folder, { recursive: true });
    const sent = new SentAccounts(join(folder, 'sent.json'));
    const copyLedger = (file: string) => app.copyLedger(file);
    const options = { ...this.#options, remoteWrite, from, folder, copyLedger, wait, signal };
    for (;;) {
      for (const account of config.accounts)
        if (!sent.has(account) && (await this.#push(account, options))) sent.add(account);
      if (config.accounts.every((account) => sent.has(account))) return;
      await wait(RETRY_MS, signal);
      signal.throwIfAborted();
    }
  }

  /** Whether there is nothing left to do for the account. */
  async #push(account: Account, options: AccountHistoryOptions): Promise<boolean> {
    const { log } = this.#options;
    if (!this.#areStartsKnown(account)) return false;
    try {
      const result = await pushAccountHistory(account, options);
      logResult(account, result, log);
      return result.kind === 'sent';
    } catch (error) {
      options.signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof BackfillRefusal) {
        log.info({ ...labelsOf(account), reason }, 'the history of the account is not sent');
        return true;
      }
      log.warn({ ...labelsOf(account), reason }, 'sending the history failed; retrying in 10 minutes');
      return false;
    }
  }

  /** Whether each stream of the account has counters, or is not available to it. */
  #areStartsKnown({ provider, name }: Account): boolean {
    const { ledger, poller } = this.#options.app;
    const known = accountsOf(poller.states()).find(
      (each) => each.provider === provider.id && each.account === name,
    );
    if (!known) return false;
    const starts = counterStarts({ ledger, accounts: [known] });
    return known.streams.every((stream) => {
      const feeds = known.feeds.filter(({ feed: { feed } }) => feed.stream?.name === stream);
      return (
        starts.some((start) => start.stream === stream) ||
        feeds.every(({ last }) => last?.kind === 'unavailable')
      );
    });
  }
}

function logResult(account: Account, result: AccountHistoryResult, log: Logger): void {
  for (const { stream, start, end, why } of result.unread) {
    const range = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
    log.warn({ ...labelsOf(account), stream, ...range, reason: why }, 'history could not be read');
  }
  if (result.kind === 'unread') {
    log.warn(labelsOf(account), 'the history is not sent until it was read; retrying in 10 minutes');
    return;
  }
  const { accepted, refused } = result;
  for (const { labels, reason, samples } of refused.slice(0, MAX_LOGGED))
    log.warn({ series: Object.fromEntries(labels), samples, reason }, 'the receiver refused history');
  log.info(
    { ...labelsOf(account), samples: accepted, refusedSeries: refused.length },
    'the history was sent',
  );
}

function waitInBackground(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal, ref: false });
}
