import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import { StoreError } from '../core/ledger/records.ts';
import { type Ledger, openLedger } from '../core/ledger.ts';
import type { Instant } from '../core/values/time.ts';
import { ServerClock } from '../poll/http/server-clock.ts';
import type { Poller, PollerOptions } from '../poll/poller.ts';
import { POLL_FAILURES } from '../providers/api/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { ProgressView } from '../runtime/progress.ts';
import { type AccountLabels, createSelfMetrics, type SelfMetrics } from '../sinks/prometheus/self.ts';
import { createBackups } from '../store/backup.ts';
import { cacheCells } from '../store/cache.ts';
import { removeLeftovers } from '../store/draft.ts';
import { openVerified } from '../store/open.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { createAccounts, type ReplacedAccounts } from './account-set.ts';
import { pollerEvents } from './poll-listener.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { watchSameBills } from './same-bill.ts';

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
  readonly maxWaitMs?: number;
  /** Runs each poll. */
  readonly wrapPoll?: NonNullable<PollerOptions['wrapPoll']>;
}

/** Everything of the exporter but its HTTP server. */
export interface App {
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly self: SelfMetrics;
  readonly poller: Poller;
  /** The ledger held readings when it was opened. */
  readonly wasRestored: boolean;
  /** What the user may want to mend in the configuration, as far as is known by now. None holds a key. */
  warnings(): readonly string[];
  /**
   * Takes the accounts, budgets, rates and limits of another configuration; all else of it is left as it is. Not to be called again
   * before it has ended, nor once the app stops.
   *
   * @throws what the store throws when an account cannot be opened: then all goes on as before.
   */
  take(config: Config): Promise<ReplacedAccounts>;
  /**
   * Writes a copy of the ledger, all of one instant, beside it: `<state.path>.backup`, in place of the one before. Those that ask while
   * one is under way share it.
   *
   * @throws {StoreError} when it cannot be written.
   */
  backUp(): Promise<string>;
  /** Ends polls, then calls back what still has to hear of what they learned, then closes the ledger. */
  stop(last?: () => Promise<void>): Promise<void>;
}

type Database = ReturnType<typeof openVerified>['database'];

/** How often what has settled is made compact; each run is short. */
const MAINTAIN_EVERY_MS = 60 * 60 * 1000;

/**
 * Puts the parts together, outside in: store, ledger, publisher, accounts. What the store holds is published before anything is
 * asked.
 *
 * @throws {StoreError} when the ledger's file cannot be used.
 */
export function createApp(options: AppOptions): App {
  const { path } = options.config.state;
  const { database, read } = openVerified(path);
  if (path !== ':memory:') removeLeftovers(path);
  const ledger = openLedger(cacheCells(sqliteStore(database, { read })));
  try {
    return createOver(database, ledger, options);
  } catch (error) {
    ledger.close();
    throw error;
  }
}

function createOver(database: Database, ledger: Ledger, options: AppOptions): App {
  const { now, log, progress } = options;
  let { config } = options;
  ledger.setBudgets(config.budgets);
  const self = createSelfMetrics({ ...options, failureReasons: Object.keys(POLL_FAILURES) });
  const failed = (error: unknown) => {
    // There is no last one yet: nobody is to see a page without money.
    if (error instanceof StoreError && publisher.current().version === 0) throw error;
    log.warn({ err: error }, 'the snapshot could not be stored; the last one stays');
  };
  const zeroForMs = () => config.metrics.newSeriesZeroMs;
  const publisher: Publisher = createPublisher({ ledger, now, zeroForMs, failed });
  const waitCut = (labels: AccountLabels, seconds: number) =>
    log.warn({ ...labels, seconds }, 'the provider asked for an implausible wait: asking again in an hour');
  const sameBills = watchSameBills({ book: ledger.book, now, log });
  const heard = pollerEvents({ log, progress, publisher, self });
  const events: typeof heard = {
    ...heard,
    applied(feed, applied) {
      heard.applied(feed, applied);
      if (applied.changed) sameBills.changed();
    },
    pollEnded(feed, outcome) {
      heard.pollEnded(feed, outcome);
      sameBills.look();
    },
  };
  const witness = new ServerClock();
  const accounts = createAccounts(
    { ...options, ledger, self, events, waitCut, witness, random: Math.random },
    accountsOf(config),
  );
  sameBills.take(config.accounts);
  self.configLoaded({ ok: true, at: now() });
  publisher.publish();
  const upkeep = setInterval(() => maintain(ledger, witness, now(), log), MAINTAIN_EVERY_MS);
  upkeep.unref();
  const backups = createBackups(database);
  return {
    ledger,
    publisher,
    self,
    poller: accounts.poller,
    wasRestored: ledger.book.streams.size > 0,
    warnings: () => sameBills.warnings(),
    async take(next) {
      const replaced = await accounts.replace(accountsOf(next));
      // Budgets that are the same keep what was added up for their forecasts.
      if (!isDeepStrictEqual(next.budgets, config.budgets)) ledger.setBudgets(next.budgets);
      config = next;
      sameBills.take(config.accounts);
      publisher.publish();
      return replaced;
    },
    backUp: backups.make,
    async stop(last) {
      clearInterval(upkeep);
      await accounts.poller.stop();
      publisher.publish();
      await last?.();
      publisher.stop();
      await accounts.stop();
      await backups.ended();
      ledger.close();
    },
  };
}

function accountsOf({ accounts, currencies, metrics }: Config) {
  return { accounts, rates: currencies, maxSeries: metrics.maxSeries };
}

/** What is closed stays closed: that needs a clock that is right. */
function maintain(ledger: Ledger, witness: ServerClock, now: Instant, log: Logger): void {
  if (!witness.confirms(now)) {
    log.info(
      'upkeep of the ledger waits: no provider has answered, or their clocks are more than a day behind',
    );
    return;
  }
  try {
    ledger.maintain(now);
  } catch (error) {
    log.warn({ err: error }, 'upkeep of the ledger failed; it is tried again in an hour');
  }
}
