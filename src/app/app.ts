import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import type { FocusExport } from '../core/focus/export.ts';
import { StoreError } from '../core/ledger/records.ts';
import { Ledger } from '../core/ledger.ts';
import type { CostReport, CostsQuestion } from '../core/reports/cost-query.ts';
import type { SeriesQuestion, SeriesReport } from '../core/reports/cost-series.ts';
import type { KnownResource } from '../core/reports/labels.ts';
import type { Instant, Range } from '../core/values/time.ts';
import { ServerClock } from '../poll/http/server-clock.ts';
import type { Poller, PollerOptions } from '../poll/poller.ts';
import { POLL_FAILURES } from '../providers/api/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { ProgressView } from '../runtime/progress.ts';
import type { AccountOverview } from '../server/pages/explorer/overview.ts';
import type { Status } from '../server/pages/status.ts';
import { createSelfMetrics, type SelfMetrics } from '../sinks/prometheus/self.ts';
import { createBackups } from '../store/backup.ts';
import { cacheCells } from '../store/cache.ts';
import { removeLeftovers } from '../store/draft.ts';
import { openVerified } from '../store/open.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { AccountSet, type AccountsConfig, type ReplacedAccounts } from './account-set.ts';
import { BudgetWarnings } from './budget-warnings.ts';
import { DuplicateBillingWatch } from './duplicate-billing.ts';
import { focusAccounts } from './focus-accounts.ts';
import { overviewOf } from './overview.ts';
import { pollerEvents } from './poll-listener.ts';
import { Publisher } from './publisher.ts';
import { SeriesAnswers } from './series-answers.ts';
import { accountsOf, statusOf } from './status.ts';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly revision: string;
  readonly now: () => Instant;
  readonly log: Logger;
  readonly progress: ProgressView;
  /** Resolves once `now` has advanced by `ms`, for a simulated clock; ends early if the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A poll fails rather than wait longer for a provider's limit. */
  readonly maxWaitMs?: number;
  readonly wrapPoll?: NonNullable<PollerOptions['wrapPoll']>;
}

type Database = ReturnType<typeof openVerified>['database'];

/** How often what has settled is compacted; each run is short. */
const MAINTENANCE_INTERVAL_MS = 60 * 60 * 1000;

/**
 * Assembles the parts, outside in: store, ledger, publisher, accounts. What the store holds is published before anything is requested.
 *
 * @throws {StoreError} if the ledger's file cannot be used.
 */
export function createApp(options: AppOptions): App {
  const { path } = options.config.state;
  const { database, read } = openVerified(path);
  if (path !== ':memory:') removeLeftovers(path);
  const ledger = new Ledger(cacheCells(sqliteStore(database, { read })));
  try {
    return new App(database, ledger, options);
  } catch (error) {
    ledger.close();
    throw error;
  }
}

/** Everything of the exporter except its HTTP server. */
export class App {
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly self: SelfMetrics;
  /** The ledger had readings when it was opened. */
  readonly wasRestored: boolean;
  readonly #options: AppOptions;
  readonly #accounts: AccountSet;
  readonly #duplicates: DuplicateBillingWatch;
  readonly #budgetWarnings: BudgetWarnings;
  readonly #serverClock = new ServerClock();
  readonly #backups: ReturnType<typeof createBackups>;
  readonly #maintenance: NodeJS.Timeout;
  readonly #startedAt: Instant;
  readonly #series: SeriesAnswers;
  #config: Config;

  constructor(database: Database, ledger: Ledger, options: AppOptions) {
    const { config, now, log } = options;
    this.#options = options;
    this.#config = config;
    this.#startedAt = now();
    this.ledger = ledger;
    ledger.setBudgets(config.budgets);
    this.self = createSelfMetrics({ ...options, failureReasons: Object.keys(POLL_FAILURES) });
    const zeroForMs = () => this.#config.metrics.newSeriesZeroMs;
    const failed = (error: unknown) => this.#publishingFailed(error);
    this.publisher = new Publisher({ ledger, now, zeroForMs, failed });
    this.#duplicates = new DuplicateBillingWatch({ ledger, now, log });
    this.#budgetWarnings = new BudgetWarnings({ ledger, now, log });
    this.publisher.subscribe(() => this.#budgetWarnings.check());
    this.#accounts = this.#openAccounts();
    this.#duplicates.update(config.accounts);
    this.self.configLoaded({ ok: true, at: now() });
    this.publisher.publish();
    this.wasRestored = !ledger.isEmpty;
    this.#maintenance = setInterval(() => this.#maintain(), MAINTENANCE_INTERVAL_MS).unref();
    this.#backups = createBackups(database);
    this.#series = new SeriesAnswers({
      ask: (question) => ledger.series(question, accountsOf(this.#accounts.states()), now()),
      version: () => this.publisher.current().version,
      now,
    });
  }

  get poller(): Poller {
    return this.#accounts;
  }

  /** Suggested corrections of the configuration, as far as known by now. None contains a key. */
  warnings(): readonly string[] {
    return [...this.#duplicates.warnings(), ...this.#budgetWarnings.warnings()];
  }

  status(): Status {
    const { version, now } = this.#options;
    return statusOf({
      version,
      startedAt: this.#startedAt,
      now: now(),
      ledger: this.ledger,
      states: this.#accounts.states(),
      warnings: this.warnings(),
    });
  }

  overview(): Promise<AccountOverview[]> {
    return overviewOf(this.ledger, this.#accounts.states(), this.#options.now());
  }

  costs(question: CostsQuestion): CostReport {
    const accounts = accountsOf(this.#accounts.states());
    return this.ledger.costs(question, accounts, this.#options.now());
  }

  resources(): readonly KnownResource[] {
    return this.ledger.resources(accountsOf(this.#accounts.states()));
  }

  /** The cost cells of a range of whole UTC days. */
  focus(range: Range): FocusExport {
    const accounts = focusAccounts(accountsOf(this.#accounts.states()), this.#config.accounts);
    return this.ledger.focus(accounts, range, this.#options.now());
  }

  /** Amounts by hour, day or month. @throws {TooManyRowsError} {TooManyQuestionsError} */
  async series(question: SeriesQuestion): Promise<SeriesReport> {
    return this.#series.answer(question);
  }

  /**
   * Takes the accounts, budgets, rates and limits of another configuration, and nothing else of it. Do not call it again before it has
   * ended, nor once the app stops.
   *
   * @throws what the store throws if an account cannot be opened: then everything continues as before.
   */
  async update(config: Config): Promise<ReplacedAccounts> {
    const replaced = await this.#accounts.replace(accountsConfig(config));
    // Budgets that did not change keep what was added up for their forecasts.
    if (!isDeepStrictEqual(config.budgets, this.#config.budgets)) this.ledger.setBudgets(config.budgets);
    this.#config = config;
    this.#duplicates.update(config.accounts);
    this.publisher.publish();
    return replaced;
  }

  /**
   * Writes a consistent copy of the ledger beside it, to `<state.path>.backup`, replacing the previous one. Calls while one is being
   * written share it.
   *
   * @throws {StoreError} if it cannot be written.
   */
  backUp(): Promise<string> {
    return this.#backups.make();
  }

  /** Writes a copy of the ledger into a file. @throws {StoreError} if it cannot be written. */
  copyLedger(file: string): Promise<void> {
    return this.#backups.copy(file);
  }

  /** Ends polls, then calls `last` to deliver what they read, then closes the ledger. */
  async stop(last?: () => Promise<void>): Promise<void> {
    clearInterval(this.#maintenance);
    await this.#accounts.stop();
    this.publisher.publish();
    await last?.();
    this.publisher.stop();
    await this.#accounts.close();
    await this.#backups.ended();
    this.ledger.close();
  }

  #openAccounts(): AccountSet {
    const { self, publisher } = this;
    const { log, progress } = this.#options;
    const events = pollerEvents({ log, progress, self, publisher, duplicates: this.#duplicates });
    return new AccountSet(
      {
        ...this.#options,
        ledger: this.ledger,
        self,
        events,
        serverClock: this.#serverClock,
        random: Math.random,
        waitCut: (labels, seconds) =>
          log.warn({ ...labels, seconds }, 'provider requested an implausible wait; retrying in an hour'),
      },
      accountsConfig(this.#config),
    );
  }

  #publishingFailed(error: unknown): void {
    // Without a previous snapshot a page would show no money.
    if (error instanceof StoreError && this.publisher.current().version === 0) throw error;
    this.#options.log.warn({ err: error }, 'publishing failed; serving the previous snapshot');
  }

  /** Closed months stay closed, so this needs a clock that is right. */
  #maintain(): void {
    const { log, now } = this.#options;
    const at = now();
    if (!this.#serverClock.confirms(at)) {
      log.info(
        'ledger maintenance postponed: no provider has answered yet, or their clocks are more than a day behind',
      );
      return;
    }
    try {
      this.ledger.maintain(at, this.#config.state.historyMonths);
    } catch (error) {
      log.warn({ err: error }, 'ledger maintenance failed; retrying in an hour');
    }
  }
}

function accountsConfig({ accounts, currencies, metrics }: Config): AccountsConfig {
  return { accounts, rates: currencies, maxSeries: metrics.maxSeries };
}
