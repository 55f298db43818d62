import type { Config } from './config/config.ts';
import { type Ledger, openLedger } from './core/ledger.ts';
import type { Instant } from './core/time.ts';
import type { Logger } from './log.ts';
import { type OpenAccount, openAccount, type PolledAccount } from './poll/accounts.ts';
import { POLL_FAILURES } from './poll/errors.ts';
import {
  createPoller,
  type Poller,
  type PollerEvents,
  type PollerOptions,
  type PollOutcome,
  type ScheduledFeed,
} from './poll/poller.ts';
import type { ProgressView } from './progress.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { createSelfMetrics, type FeedLabels, type SelfMetrics } from './sinks/prometheus/self.ts';
import { cacheCells } from './store/cache.ts';
import { openDatabase } from './store/open.ts';
import { sqliteStore } from './store/sqlite.ts';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly revision: string;
  readonly now: () => Instant;
  readonly log: Logger;
  readonly progress: ProgressView;
  /** Resolves once `now` has moved on by `ms`, for a clock that is not the wall's; ends early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A longer wait for a provider's limit fails a poll instead. */
  readonly longestWaitMs?: number;
  /** Runs each poll. */
  readonly around?: PollerOptions['around'];
}

/** Everything of the exporter but its HTTP server. */
export interface App {
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly self: SelfMetrics;
  readonly poller: Poller;
  /** The ledger held readings when it was opened. */
  readonly wasRestored: boolean;
  /** Ends polls, then calls back what still has to hear of what they learned, then closes the ledger. */
  stop(last?: () => Promise<void>): Promise<void>;
}

/** Different warnings that are remembered, so that each is told once. */
const MOST_WARNED = 10_000;

/** How often what has settled is made compact; each run is short. */
const MAINTAIN_EVERY_MS = 60 * 60 * 1000;

/**
 * Puts the parts together, outside in: store, ledger, publisher, accounts, poller. What the store holds is published before
 * anything is asked.
 *
 * @throws {StoreError} when the ledger's file cannot be used.
 */
export function createApp(options: AppOptions): App {
  const { config, now, log } = options;
  const ledger = openLedger(cacheCells(sqliteStore(openDatabase(config.state.path))));
  ledger.setBudgets(config.budgets);
  const self = createSelfMetrics({ ...options, failureReasons: Object.keys(POLL_FAILURES) });
  const failed = (error: unknown) =>
    log.warn({ err: error }, 'the snapshot could not be stored; the last one stays');
  const publisher = createPublisher({ ledger, now, zeroForMs: config.metrics.newSeriesZeroMs, failed });
  const accounts = config.accounts.map((account) => open(account, options, ledger, self));
  const feeds = accounts.flatMap((account) => account.feeds);
  for (const feed of feeds) seen(feed, ledger, self);
  const poller = createPoller({
    feeds,
    events: eventsOf(options, publisher, self),
    now,
    random: Math.random,
    ...(options.around && { around: options.around }),
  });
  self.configLoaded({ ok: true, at: now() });
  publisher.publish();
  const upkeep = setInterval(() => maintain(ledger, now, log), MAINTAIN_EVERY_MS);
  upkeep.unref();
  return {
    ledger,
    publisher,
    self,
    poller,
    wasRestored: ledger.book.streams.size > 0,
    async stop(last) {
      clearInterval(upkeep);
      await poller.stop();
      publisher.publish();
      await last?.();
      publisher.stop();
      await Promise.all(accounts.map(({ client }) => client.close()));
      ledger.close();
    },
  };
}

function open(account: PolledAccount, options: AppOptions, ledger: Ledger, self: SelfMetrics): OpenAccount {
  const { config, now, wait } = options;
  const labels = { provider: account.provider.id, account: account.name };
  return openAccount(account, {
    ledger,
    now,
    ...(wait && { wait }),
    maxSeries: config.metrics.maxSeries,
    rates: config.currencies,
    longestWaitMs: options.longestWaitMs,
    events: {
      answered: (code) => self.apiAnswered(labels, code === '' ? undefined : Number(code)),
      retried: () => self.apiRetried(labels),
      rateLimit: ({ remaining }) => {
        if (remaining !== undefined) self.rateLimitSeen(labels, remaining);
      },
    },
  });
}

function seen({ key, labels }: ScheduledFeed, ledger: Ledger, self: SelfMetrics): void {
  self.feedSeen(labels);
  const lastSuccess = ledger.book.feed(key.account, key.feed)?.lastSuccess;
  if (lastSuccess !== undefined) self.restore(labels, lastSuccess);
}

function eventsOf({ log, progress }: AppOptions, publisher: Publisher, self: SelfMetrics): PollerEvents {
  const warned = new Set<string>();
  const once = (key: string, warn: () => void) => {
    if (warned.has(key)) return;
    // What is told may hold whatever a provider writes: after so many it is told again.
    if (warned.size >= MOST_WARNED) warned.clear();
    warned.add(key);
    warn();
  };
  const unconverted = (labels: FeedLabels, currency: string) =>
    once(`${labels.provider} ${labels.account} ${currency}`, () =>
      log.warn(
        { ...labels, currency },
        'no rate for this currency: its amounts are not in dollars; see currencies',
      ),
    );
  const switchedOff = (labels: FeedLabels, { reason, message, isNews }: PollOutcome & { ok: null }) => {
    if (!isNews) return;
    log.info({ ...labels, reason, message }, 'the account may not read this feed: it is switched off');
  };
  return {
    pollEnded({ labels }, outcome) {
      self.pollEnded(labels, outcome);
      publisher.changed();
      const seconds = Number(outcome.seconds.toFixed(3));
      if (outcome.ok === null) return switchedOff(labels, outcome);
      if (outcome.ok) log.info({ ...labels, seconds }, 'poll succeeded');
      else if (outcome.isBug)
        log.error({ ...labels, seconds, err: outcome.error }, 'poll failed: a bug of ours');
      else log.warn({ ...labels, seconds, reason: outcome.reason, message: outcome.message }, 'poll failed');
    },
    applied({ labels }, { changed, unconverted: currencies, late, held }) {
      if (changed) publisher.changed();
      if (late.length > 0) self.drift(labels, 'late_statement');
      for (const currency of currencies) unconverted(labels, currency);
      for (const tier of held) {
        log.warn(
          { ...labels, tier },
          'amounts are gone from the answer: kept until the same answer comes again',
        );
      }
    },
    drift({ labels }, { kind, what }) {
      self.drift(labels, kind);
      once(`${labels.provider} ${kind} ${what}`, () =>
        log.warn({ ...labels, kind, what }, 'not as documented'),
      );
    },
    warned({ labels }, { topic, text }) {
      log.warn({ ...labels, topic, text }, 'the provider has something to say');
    },
    unconverted: ({ labels }, currency) => unconverted(labels, currency),
    progress({ labels: { provider, account, feed } }, { done, total }) {
      progress.update(`${provider}/${account} ${feed}`, done, total);
    },
  };
}

function maintain(ledger: Ledger, now: () => Instant, log: Logger): void {
  try {
    ledger.maintain(now());
  } catch (error) {
    log.warn({ err: error }, 'upkeep of the ledger failed; it is tried again in an hour');
  }
}
