import { buildCommit, nextKey, present } from './ledger/build-commit.ts';
import { firstClosing, maintain } from './ledger/compaction.ts';
import { coverageOf, type LedgerCoverage, lastAsOf, unreadOf } from './ledger/coverage.ts';
import {
  clearFeedRecord,
  emptyFeed,
  isFeedRecordEmpty,
  type ObservedPoll,
  recordPoll,
} from './ledger/feed-record.ts';
import { buildClockRepair, isCredible } from './ledger/heal-clock.ts';
import { missingHourlyTotals } from './ledger/hourly-totals.ts';
import { type Commit, type Store, StoreError } from './ledger/records.ts';
import type { AccountSettings, FeedKey, StatementOutcome } from './ledger/settings.ts';
import { splitStatement } from './ledger/split-statement.ts';
import { type LedgerState, openLedgerState } from './ledger/state.ts';
import { assertBookable } from './ledger/sum-charges.ts';
import { createUnexposedSeries, expireHolds } from './ledger/zero-hold.ts';
import { buildSnapshot } from './metrics/build-snapshot.ts';
import { type Deliveries, deliveriesOf } from './metrics/deliveries.ts';
import { SampleCache } from './metrics/sample-cache.ts';
import type { Family } from './metrics/snapshot.ts';
import type { Budget } from './reports/budget.ts';
import type { BudgetState } from './reports/budget-status.ts';
import { netCostOf, windowCost } from './reports/net-cost.ts';
import { Reports } from './reports/reports.ts';
import { type Window, type WindowState, windowState } from './reports/windows.ts';
import type { LabelFilter, NetCost } from './statement/series.ts';
import type { ResourceFacts, Statement } from './statement/statement.ts';
import type { Usd } from './values/money.ts';
import { type Granularity, type Instant, type Range, startOfMonth } from './values/time.ts';

export interface Ledger {
  readonly book: LedgerState;
  /** Registers an account, or takes its new settings. */
  openAccount(settings: AccountSettings, now: Instant): number;
  /**
   * Applies a statement, all of it or nothing.
   *
   * @throws {RangeError} when a charge lies outside the statement's range; what the store throws when nothing was written.
   */
  apply(
    feed: FeedKey,
    statement: Statement,
    resources: readonly ResourceFacts[],
    now: Instant,
  ): StatementOutcome;
  /**
   * A statement as it is to be applied: in several that each take a moment, the newest first, if it is large.
   *
   * @throws {RangeError} for a charge that one of them would be refused for.
   */
  split(feed: FeedKey, statement: Statement): Statement[];
  /** The newest as-of of any statement of the account; `-Infinity` before the first. */
  lastAsOf(account: number): Instant;
  /**
   * Takes back what an account owes to a clock that ran ahead, or was not set. Statements that were under way meanwhile count as older
   * than what is read from now on.
   */
  repairClock(account: number, now: Instant): void;
  /**
   * Does work that commits several times, all of it made durable at once. Nothing may be shown meanwhile.
   *
   * @throws what the work throws, and what the store throws: then nothing of it was written, and none of it is known any more.
   */
  transaction(work: () => void): void;
  /** Stores what a poll learned beyond its statements. */
  recordPoll(feed: FeedKey, poll: ObservedPoll): void;
  /** Forgets what the polls of a feed learned beyond its statements: nobody may read it any more. */
  clearFeed(feed: FeedKey): void;
  /** What is held of an account in a range of whole UTC days; undefined unless all of it was read. */
  netCost(account: number, range: Range, which?: LabelFilter): NetCost | undefined;
  /** What the HTTP edge asked to remember, and how it asks. */
  requests(account: number): { readonly state: string | undefined; remember(state: string): void };
  coverage(account: number, stream: string, granularity: Granularity): LedgerCoverage;
  /** The holes in what was read of a stream, from `since` to the newest reading. */
  unread(account: number, stream: string, since: Instant): Range[];
  /** How far back an account is read from now on. */
  since(account: number, stream: string | undefined, now: Instant): Instant;
  /** Takes an account out of what is shown; its part of the ledger stays. */
  deactivateAccount(account: number): void;
  /** Compacts what has settled and rolls up what is closed. */
  maintain(now: Instant): void;
  /** Ends the holds that are due, durably, before their values are shown. Returns when the next one is due. */
  expireZeroHolds(now: Instant, zeroForMs: number): Instant | undefined;
  /**
   * The samples as they stand at `now`, and the number of this publication.
   *
   * @throws {StoreError} while what was undone cannot be read again.
   */
  publish(now: Instant): { readonly version: number; readonly families: Family[] };
  /** Takes the configured budgets, in place of those before. */
  setBudgets(budgets: readonly Budget[]): void;
  /** How each budget stands. */
  budgets(now: Instant): BudgetState[];
  /** Adds up one more day that forecasts look back on; false once there is none left. Each takes a moment. */
  preloadHistory(now: Instant): boolean;
  /** What is known of a window of an account; `streams` are those that the settings name unless given. */
  windowState(account: number, window: Window, now: Instant, streams?: readonly string[]): WindowState;
  /** Net dollars of an account in a window, from its `since` on; undefined while they are unknown. */
  windowCost(account: number, window: Window, now: Instant): Usd | undefined;
  /** Notes that a publication reached a reader: what it held at 0 counts as shown. True if anything was. */
  markDelivered(version: number): boolean;
  /** What a receiver of differences was told, and how it is remembered. */
  deliveries(receiver: string): Deliveries;
  close(): void;
}

/** Opens the ledger over its store. Synchronous throughout: a commit is done before anything it changed can be seen. */
export function openLedger(store: Store): Ledger {
  const book = openLedgerState(store);
  const accounts = new Map<number, AccountSettings>();
  const healedAt = new Map<number, Instant>();
  const reports = new Reports(book, store);

  let published = 0;
  const cache = new SampleCache();
  const unshown = createUnexposedSeries(book, (account) =>
    accounts.has(account) ? published + 1 : Number.POSITIVE_INFINITY,
  );
  unshown.watch(book.series.values());

  /** Memory is ahead of the file: a group was undone, and the file could not be read again yet. Nothing of it is shown or built upon. */
  let isAhead = false;
  const reread = () => {
    isAhead = true;
    book.reload();
    isAhead = false;
    for (const id of accounts.keys()) if (!book.accounts.has(id)) accounts.delete(id);
    reports.reload();
    unshown.clear();
    unshown.watch(book.series.values());
  };
  const commit = (change: Commit) => {
    if (isAhead) {
      reread();
      throw new StoreError(
        'the ledger was read again: what was to be written was made of what is not stored',
      );
    }
    store.commit(change);
    const followed = reports.follow(change);
    book.applyCommit(change);
    followed();
    unshown.watch(change.series ?? []);
    cache.evictResources(change.resources ?? []);
  };
  const sinceOf = (account: number, streamName: string | undefined, now: Instant) => {
    const configured = settingsOf(account).since ?? startOfMonth(now, -1);
    const stream = streamName === undefined ? undefined : book.streamOf(account, streamName);
    return Math.max(configured, stream?.closedBefore ?? Number.NEGATIVE_INFINITY);
  };
  const settingsOf = (id: number) => present(accounts.get(id), `settings of account ${id}`);
  const publishInput = (now: Instant) => ({
    state: book,
    accounts,
    now,
    since: (account: number, stream: string) => sinceOf(account, stream, now),
  });

  return {
    book,
    openAccount(settings, now) {
      const known = book.accountOf(settings.provider, settings.name);
      const id = known?.id ?? nextKey(book.accounts);
      const { provider, name } = settings;
      const row = {
        id,
        provider,
        name,
        openedAt: now,
        baseline: undefined,
        overflowCount: 0,
        zeroShown: false,
      };
      if (!known) commit({ accounts: [row] });
      const isShut = !accounts.has(id);
      accounts.set(id, settings);
      if (isShut) unshown.watchAgain(id);
      const hourlyTotals = missingHourlyTotals(book, store, id, settings.streams);
      if (hourlyTotals.length > 0) commit({ hourlyTotals });
      return id;
    },
    apply(feed, given, resources, now) {
      const since = healedAt.get(feed.account);
      const isLost = since !== undefined && !isCredible(given.asOf, now);
      const statement = isLost ? { ...given, asOf: since } : given;
      const settings = settingsOf(feed.account);
      const streamSettings = present(
        settings.streams.find(({ name }) => name === statement.stream),
        `stream ${statement.stream}`,
      );
      const known = book.streamOf(feed.account, statement.stream);
      const stream = known ?? {
        ...firstClosing(settings, streamSettings, now),
        id: nextKey(book.streams),
        account: feed.account,
        name: statement.stream,
      };
      const account = present(book.accounts.get(feed.account), `account ${feed.account}`);
      const change = buildCommit({
        store,
        book,
        feed,
        account,
        stream,
        settings,
        streamSettings,
        statement,
        resources,
        now,
      });
      commit(known ? change.commit : { ...change.commit, streams: [stream] });
      book.evictPeriodTotals(now);
      return change.applied;
    },
    split(feed, statement) {
      const parts = splitStatement(statement);
      const open = book.streamOf(feed.account, statement.stream)?.closedBefore ?? Number.NEGATIVE_INFINITY;
      if (parts.length > 1) assertBookable({ statement, settings: settingsOf(feed.account) }, open);
      return parts;
    },
    lastAsOf: (account) => lastAsOf(book, account),
    repairClock(id, now) {
      const account = present(book.accounts.get(id), `account ${id}`);
      const change = buildClockRepair({ store, book, account, settings: settingsOf(id), now });
      if (change) commit(change);
      healedAt.set(id, now);
    },
    transaction(work) {
      if (isAhead) reread();
      try {
        store.together(work);
      } catch (error) {
        reread();
        throw error;
      }
    },
    recordPoll(feed, poll) {
      commit({ feeds: [recordPoll(book.feed(feed.account, feed.feed) ?? emptyFeed(feed), poll)] });
    },
    clearFeed(feed) {
      const known = book.feed(feed.account, feed.feed);
      if (known && !isFeedRecordEmpty(known)) commit({ feeds: [clearFeedRecord(known)] });
    },
    netCost: (account, range, which) => netCostOf(book, account, range, which),
    requests: (account) => ({
      state: book.requests(account),
      remember: (state) => commit({ requests: [{ account, state }] }),
    }),
    coverage: (account, stream, granularity) =>
      coverageOf(book, book.streamOf(account, stream)?.id, granularity),
    unread: (account, stream, since) => unreadOf(book, book.streamOf(account, stream)?.id, since),
    since: sinceOf,
    deactivateAccount(account) {
      accounts.delete(account);
      unshown.watchAgain(account);
    },
    maintain(now) {
      for (const stream of book.streams.values()) {
        const settings = accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
        if (settings) for (const change of maintain({ store, book, stream, settings, now })) commit(change);
      }
      book.evictPeriodTotals(now);
    },
    expireZeroHolds(now, zeroForMs) {
      const { rows, nextAt } = expireHolds(book.series.values(), now, zeroForMs);
      if (rows.length > 0) commit({ series: rows });
      return nextAt;
    },
    publish(now) {
      if (isAhead) reread();
      published += 1;
      const input = publishInput(now);
      const { families, newZeros } = buildSnapshot({
        ...input,
        cache,
        budgets: () => reports.budgets(input),
        dailySpend: (stream) => reports.dailySpend(input, stream),
      });
      if (newZeros.length > 0) commit({ accounts: newZeros.map((row) => ({ ...row, zeroShown: true })) });
      return { version: published, families };
    },
    setBudgets: (budgets) => reports.setBudgets(budgets),
    budgets: (now) => reports.budgets(publishInput(now)),
    preloadHistory: (now) => reports.preload(publishInput(now)),
    windowState: (account, window, now, streams) => windowState(publishInput(now), account, window, streams),
    windowCost: (account, window, now) => windowCost(publishInput(now), account, window),
    markDelivered(version) {
      const rows = unshown.exposedIn(version);
      if (rows.length > 0) commit({ series: rows });
      return rows.length > 0;
    },
    deliveries: (receiver) => deliveriesOf(receiver, store, book),
    close: () => store.close(),
  };
}
