import { Committer, type LedgerParts, openParts } from './committer.ts';
import { buildCommit } from './ledger/build-commit.ts';
import { HISTORY_MONTHS } from './ledger/closing.ts';
import { maintain } from './ledger/compaction.ts';
import { clearFeed, type ObservedPoll, recordPoll } from './ledger/feed-record.ts';
import { buildClockRepair, creditedStatement } from './ledger/heal-clock.ts';
import { missingHourlyTotals } from './ledger/hourly-totals.ts';
import type { LabelSets } from './ledger/label-sets.ts';
import { present, type Store } from './ledger/records.ts';
import { type AccountSettings, type FeedKey, newAccount, type StatementOutcome } from './ledger/settings.ts';
import { splitApplicable } from './ledger/split-statement.ts';
import { expireHolds } from './ledger/zero-hold.ts';
import { type Deliveries, deliveriesOf } from './metrics/deliveries.ts';
import type { Published } from './publication.ts';
import { LedgerQueries } from './queries.ts';
import type { Budget } from './reports/budget.ts';
import type { ResourceFacts, Statement } from './statement/statement.ts';
import type { Instant } from './values/time.ts';

/**
 * The ledger over its store: commands, queries ({@link LedgerQueries}) and publication. Synchronous throughout: a commit is done before
 * anything it changed can be seen.
 */
export class Ledger extends LedgerQueries {
  readonly #parts: LedgerParts;
  readonly #committer: Committer;
  readonly #clockRepairedAt = new Map<number, Instant>();

  constructor(store: Store) {
    const parts = openParts(store);
    super(parts);
    this.#parts = parts;
    this.#committer = new Committer(parts);
  }

  // Commands. Each is stored before it returns, or throws what the store throws and has changed nothing.

  /** Registers an account, or updates its settings. */
  openAccount(settings: AccountSettings, now: Instant): number {
    const { state, store, accounts, publication } = this.#parts;
    const known = state.accountOf(settings.provider, settings.name);
    const row = known ?? newAccount(state.accounts, settings, now);
    if (!known) this.#committer.commit({ accounts: [row] });
    const wasShown = accounts.has(row.id);
    accounts.set(row.id, settings);
    if (!wasShown) publication.postpone(row.id);
    this.#committer.commit({ hourlyTotals: missingHourlyTotals(state, store, row.id, settings) });
    return row.id;
  }

  /**
   * Takes over the label sets of another ledger, so that the same charges get the same series.
   *
   * @throws {Error} if this ledger is not empty.
   */
  adoptLabelSets(sets: LabelSets): void {
    if (this.#parts.state.accounts.size > 0) throw new Error('only an empty ledger can adopt label sets');
    this.#committer.commit(sets);
  }

  /** Hides an account; its part of the ledger stays. */
  deactivateAccount(account: number): void {
    this.#parts.accounts.delete(account);
    this.#parts.publication.postpone(account);
  }

  /** @throws {RangeError} when a charge lies outside the statement's range, or no provider can mean its amount. */
  apply(
    feed: FeedKey,
    given: Statement,
    resources: readonly ResourceFacts[],
    now: Instant,
  ): StatementOutcome {
    const statement = creditedStatement(given, this.#clockRepairedAt.get(feed.account), now);
    const settings = this.settingsOf(feed.account);
    const { commit, outcome } = buildCommit({ ...this.#parts, feed, settings, statement, resources, now });
    this.#committer.commit(commit);
    this.#parts.state.evictPeriodTotals(now);
    return outcome;
  }

  /** A statement as it is to be applied: a large one in parts, newest first. @throws {RangeError} if a part would be refused. */
  split(feed: FeedKey, statement: Statement): Statement[] {
    const stream = this.#parts.state.streamOf(feed.account, statement.stream);
    return splitApplicable(statement, this.settingsOf(feed.account), stream?.closedBefore);
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
    const account = present(this.#parts.state.accounts.get(id), `account ${id}`);
    const repair = buildClockRepair({ ...this.#parts, account, settings: this.settingsOf(id), now });
    if (repair) this.#committer.commit(repair);
    this.#clockRepairedAt.set(id, now);
  }

  /** Compacts what has settled, rolls up what is closed, and archives its days for some months. */
  maintain(now: Instant, historyMonths = HISTORY_MONTHS): void {
    for (const _ of this.maintenance(now, historyMonths));
  }

  /** The same in steps of a moment, between which statements may be applied. */
  *maintenance(now: Instant, historyMonths: number): Generator<void, void> {
    for (const change of maintain({ ...this.#parts, now, historyMonths })) {
      if (change) this.#committer.commit(change);
      yield;
    }
    this.#parts.state.evictPeriodTotals(now);
  }

  /** Makes several commits durable at once, or none if the work throws. Nothing may be published meanwhile. */
  transaction(work: () => void): void {
    this.#committer.transaction(work);
  }

  setBudgets(budgets: readonly Budget[]): void {
    this.#parts.reports.setBudgets(budgets);
  }

  /** Adds up one more day that forecasts look back on; false once none is left. Each takes a moment. */
  preloadHistory(now: Instant): boolean {
    return this.#parts.reports.preload(this.at(now));
  }

  close(): void {
    this.#parts.store.close();
  }

  // Publication

  /** Ends the holds that are due, before their values are shown. Returns when the next one is due. */
  expireZeroHolds(now: Instant, zeroForMs: number): Instant | undefined {
    const { rows, nextAt } = expireHolds(this.#parts.state.series.values(), now, zeroForMs);
    this.#committer.commit({ series: rows });
    return nextAt;
  }

  /** The samples at `now`, and the number of this publication. */
  publish(now: Instant): Published {
    this.#committer.assertCurrent();
    const { published, zeros } = this.#parts.publication.publish(this.at(now), this.#parts.reports);
    this.#committer.commit({ accounts: zeros });
    return published;
  }

  /** A publication has reached a reader: what it held at 0 counts as shown. True if anything was. */
  markDelivered(version: number): boolean {
    const series = this.#parts.publication.exposedIn(version);
    this.#committer.commit({ series });
    return series.length > 0;
  }

  /** What was delivered to a receiver of differences. */
  deliveries(receiver: string): Deliveries {
    return deliveriesOf(receiver, this.#parts.store, this.#parts.state);
  }
}
