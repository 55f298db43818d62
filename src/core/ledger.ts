import { Committer } from './committer.ts';
import { buildCommit } from './ledger/build-commit.ts';
import { maintain } from './ledger/compaction.ts';
import { clearFeed, type ObservedPoll, recordPoll } from './ledger/feed-record.ts';
import { buildClockRepair, creditedStatement } from './ledger/heal-clock.ts';
import { missingHourlyTotals } from './ledger/hourly-totals.ts';
import { newAccount, present, type Store } from './ledger/records.ts';
import type { AccountSettings, FeedKey, StatementOutcome } from './ledger/settings.ts';
import { LedgerState } from './ledger/state.ts';
import { expireHolds } from './ledger/zero-hold.ts';
import { type Deliveries, deliveriesOf } from './metrics/deliveries.ts';
import { Publication, type Published } from './publication.ts';
import { LedgerQueries } from './queries.ts';
import type { Budget } from './reports/budget.ts';
import { openReports, type Reports } from './reports/reports.ts';
import type { ResourceFacts, Statement } from './statement/statement.ts';
import type { Instant } from './values/time.ts';

/**
 * The ledger over its store: commands, queries ({@link LedgerQueries}) and publication. Synchronous throughout: a commit is done before
 * anything it changed can be seen.
 */
export class Ledger extends LedgerQueries {
  readonly #store: Store;
  readonly #state: LedgerState;
  readonly #accounts: Map<number, AccountSettings>;
  readonly #reports: Reports;
  readonly #publication: Publication;
  readonly #committer: Committer;
  readonly #clockRepairedAt = new Map<number, Instant>();

  constructor(store: Store) {
    const state = new LedgerState(store);
    const reports = openReports(state, store);
    const accounts = new Map<number, AccountSettings>();
    super({ state, reports, accounts });
    this.#store = store;
    this.#state = state;
    this.#accounts = accounts;
    this.#reports = reports;
    this.#publication = new Publication(state, accounts);
    this.#committer = new Committer({ store, state, accounts, reports, publication: this.#publication });
  }

  // Commands. Each is stored before it returns, or throws what the store throws and has changed nothing.

  /** Registers an account, or updates its settings. */
  openAccount(settings: AccountSettings, now: Instant): number {
    const known = this.#state.accountOf(settings.provider, settings.name);
    const row = known ?? newAccount(this.#state.accounts, settings, now);
    if (!known) this.#committer.commit({ accounts: [row] });
    const wasShown = this.#accounts.has(row.id);
    this.#accounts.set(row.id, settings);
    if (!wasShown) this.#publication.postpone(row.id);
    this.#committer.commit({ hourlyTotals: missingHourlyTotals(this.#state, this.#store, row.id, settings) });
    return row.id;
  }

  /** Hides an account; its part of the ledger stays. */
  deactivateAccount(account: number): void {
    this.#accounts.delete(account);
    this.#publication.postpone(account);
  }

  /** @throws {RangeError} when a charge lies outside the statement's range, or no provider can mean its amount. */
  apply(
    feed: FeedKey,
    given: Statement,
    resources: readonly ResourceFacts[],
    now: Instant,
  ): StatementOutcome {
    const statement = creditedStatement(given, this.#clockRepairedAt.get(feed.account), now);
    const [store, state, settings] = [this.#store, this.#state, this.settingsOf(feed.account)];
    const { commit, outcome } = buildCommit({ store, state, feed, settings, statement, resources, now });
    this.#committer.commit(commit);
    this.#state.evictPeriodTotals(now);
    return outcome;
  }

  /** Stores what a poll learned beyond its statements. */
  recordPoll(feed: FeedKey, poll: ObservedPoll): void {
    this.#committer.commit({ feeds: [recordPoll(this.feed(feed.account, feed.feed), feed, poll)] });
  }

  /** Clears what the polls of a feed learned beyond its statements: it may not be read any more. */
  clearFeed({ account, feed }: FeedKey): void {
    this.#committer.commit({ feeds: clearFeed(this.feed(account, feed)) });
  }

  rememberRequests(account: number, state: string): void {
    this.#committer.commit({ requests: [{ account, state }] });
  }

  /** Takes back what an account owes to a clock that ran ahead, or was not set. */
  repairClock(id: number, now: Instant): void {
    const account = present(this.#state.accounts.get(id), `account ${id}`);
    const [store, state, settings] = [this.#store, this.#state, this.settingsOf(id)];
    const repair = buildClockRepair({ store, state, account, settings, now });
    if (repair) this.#committer.commit(repair);
    this.#clockRepairedAt.set(id, now);
  }

  /** Compacts what has settled and rolls up what is closed. */
  maintain(now: Instant): void {
    const [store, state, accounts] = [this.#store, this.#state, this.#accounts];
    for (const change of maintain({ store, state, accounts, now })) this.#committer.commit(change);
    state.evictPeriodTotals(now);
  }

  /** Makes several commits durable at once, or none if the work throws. Nothing may be published meanwhile. */
  transaction(work: () => void): void {
    this.#committer.transaction(work);
  }

  setBudgets(budgets: readonly Budget[]): void {
    this.#reports.setBudgets(budgets);
  }

  /** Adds up one more day that forecasts look back on; false once none is left. Each takes a moment. */
  preloadHistory(now: Instant): boolean {
    return this.#reports.warm(this.at(now));
  }

  close(): void {
    this.#store.close();
  }

  // Publication

  /** Ends the holds that are due, before their values are shown. Returns when the next one is due. */
  expireZeroHolds(now: Instant, zeroForMs: number): Instant | undefined {
    const { rows, nextAt } = expireHolds(this.#state.series.values(), now, zeroForMs);
    this.#committer.commit({ series: rows });
    return nextAt;
  }

  /** The samples at `now`, and the number of this publication. */
  publish(now: Instant): Published {
    this.#committer.assertCurrent();
    const { published, zeros } = this.#publication.publish(this.at(now), this.#reports);
    this.#committer.commit({ accounts: zeros });
    return published;
  }

  /** A publication has reached a reader: what it held at 0 counts as shown. True if anything was. */
  markDelivered(version: number): boolean {
    const series = this.#publication.exposedIn(version);
    this.#committer.commit({ series });
    return series.length > 0;
  }

  /** What was delivered to a receiver of differences. */
  deliveries(receiver: string): Deliveries {
    return deliveriesOf(receiver, this.#store, this.#state);
  }
}
