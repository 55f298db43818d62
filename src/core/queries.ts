import type { LedgerParts } from './committer.ts';
import type { FocusAccount } from './focus/columns.ts';
import { type FocusExport, focusExport } from './focus/export.ts';
import { Baselines } from './history/baselines.ts';
import { type History, type HistoryQuestion, historyOf } from './history/history.ts';
import { coverageOf, firstAsOf, lastAsOf, unreadOf } from './ledger/coverage.ts';
import { type LabelSets, labelSetsOf } from './ledger/label-sets.ts';
import { type FeedRow, present, type Store } from './ledger/records.ts';
import type { AccountSettings } from './ledger/settings.ts';
import type { LedgerState } from './ledger/state.ts';
import { type AccountBalance, balanceOf, observationsOf } from './reports/balances.ts';
import type { BudgetMatches } from './reports/budget-matches.ts';
import type { BudgetState, SpendState } from './reports/budget-status.ts';
import { type CostReport, type CostsQuestion, costsOf } from './reports/cost-query.ts';
import type { SeriesQuestion, SeriesReport } from './reports/cost-series.ts';
import { type CostsAccount, type KnownResource, knownResources } from './reports/labels.ts';
import { netCostOf, windowCost } from './reports/net-cost.ts';
import type { Reports } from './reports/reports.ts';
import { seriesReport } from './reports/series-query.ts';
import { type RecentCosts, recentCosts } from './reports/shared-costs.ts';
import { type AccountRemarks, remarksOf } from './reports/taken-back.ts';
import { type PublishInput, type Window, type WindowState, windowState } from './reports/windows.ts';
import type { LabelFilter, NetCost, ReadCoverage, SeriesKey } from './statement/series.ts';
import type { Usd } from './values/money.ts';
import { gapsIn } from './values/ranges.ts';
import { type Granularity, type Instant, type Range, startOfMonth } from './values/time.ts';

/** What can be asked of the ledger. Nothing of it changes anything. */
export class LedgerQueries {
  readonly #state: LedgerState;
  readonly #reports: Reports;
  readonly #accounts: ReadonlyMap<number, AccountSettings>;
  readonly #store: Pick<Store, 'peekCells' | 'archivedDay'>;

  constructor({ state, reports, accounts, store }: LedgerParts) {
    this.#store = store;
    this.#state = state;
    this.#reports = reports;
    this.#accounts = accounts;
  }

  /** Whether nothing was ever read. */
  get isEmpty(): boolean {
    return this.#state.streams.size === 0;
  }

  /** How many accounts the ledger knows, configured or not. */
  get accountCount(): number {
    return this.#state.accounts.size;
  }

  accountId(provider: string, name: string): number | undefined {
    return this.#state.accountOf(provider, name)?.id;
  }

  /** Whether an account is configured; the ledger keeps others but does not show them. */
  isOpen(account: number): boolean {
    return this.#accounts.has(account);
  }

  settingsOf(account: number): AccountSettings {
    return present(this.#accounts.get(account), `settings of account ${account}`);
  }

  feed(account: number, feed: string): FeedRow | undefined {
    return this.#state.feed(account, feed);
  }

  /** What the HTTP client asked to remember of an account. */
  requests(account: number): string | undefined {
    return this.#state.requests(account);
  }

  /** Whether the ledger has met a label set, overflowed or not. */
  hasLabelSet(account: number, stream: string, key: SeriesKey): boolean {
    const id = this.#streamId(account, stream);
    return id !== undefined && this.#state.hasLabelSet(id, key);
  }

  coverage(account: number, stream: string, granularity: Granularity): ReadCoverage {
    return coverageOf(this.#state, this.#streamId(account, stream), granularity);
  }

  /** The gaps in what was read of a stream, from `since` to the newest reading. */
  unread(account: number, stream: string, since: Instant): Range[] {
    return unreadOf(this.#state, this.#streamId(account, stream), since);
  }

  /** The parts of a range of which a stream was not read at any granularity, oldest first. */
  gaps(account: number, stream: string, range: Range): Range[] {
    const id = this.#streamId(account, stream);
    return gapsIn(id === undefined ? [] : this.#state.covered(id), range);
  }

  /** How far back an account is read from now on. */
  since(account: number, stream: string | undefined, now: Instant): Instant {
    const configured = this.settingsOf(account).since ?? startOfMonth(now, -1);
    const row = stream === undefined ? undefined : this.#state.streamOf(account, stream);
    return Math.max(configured, row?.closedBefore ?? Number.NEGATIVE_INFINITY);
  }

  /** When the counters of an account began; undefined before its first statement. */
  countedSince(account: number): Instant | undefined {
    return firstAsOf(this.#state, account);
  }

  /** The newest as-of of any statement of the account; `-Infinity` before the first. */
  lastAsOf(account: number): Instant {
    return lastAsOf(this.#state, account);
  }

  /** Net cost of an account in a range of whole UTC days; undefined unless all of it was read. */
  netCost(account: number, range: Range, which?: LabelFilter): NetCost | undefined {
    return netCostOf(this.#state, account, range, which);
  }

  /** Exact dollars of an account in a window; undefined unless it was read without a gap. */
  windowCost(account: number, window: Window, now: Instant): Usd | undefined {
    return windowCost(this.at(now), account, window);
  }

  /** What is known of a window of an account. `streams` defaults to those that the settings name. */
  windowState(account: number, window: Window, now: Instant, streams?: readonly string[]): WindowState {
    return windowState(this.at(now), account, window, streams);
  }

  costs(question: CostsQuestion, accounts: readonly CostsAccount[], now: Instant): CostReport {
    return costsOf(this.at(now), question, accounts);
  }

  /** Amounts by hour, day or month. Each step of the generator takes a moment; commits may come in between. */
  series(
    question: SeriesQuestion,
    accounts: readonly CostsAccount[],
    now: Instant,
  ): Generator<void, SeriesReport> {
    return seriesReport({ ledger: this.at(now), columns: this.#reports.columns, question, accounts });
  }

  /** The cost cells of some accounts in a range of whole UTC days, as FOCUS. */
  focus(accounts: readonly FocusAccount[], range: Range, now: Instant): FocusExport {
    return focusExport({ ledger: this.at(now), store: this.#store, accounts, range });
  }

  /** What some accounts were billed, as counters over time. Nothing may be committed while it is read. */
  history(question: HistoryQuestion): History {
    return historyOf({ state: this.#state, store: this.#store, accounts: this.#accounts, question });
  }

  /** Where the counters of this ledger begin, for the history that another one tells. */
  baselines(): Baselines {
    return new Baselines(this.#state, this.#store);
  }

  /** What {@link Ledger.adoptLabelSets} takes. */
  labelSets(): LabelSets {
    return labelSetsOf(this.#state);
  }

  /** The resources of some accounts, in the order in which they were first seen. */
  resources(accounts: readonly CostsAccount[]): KnownResource[] {
    return knownResources(this.#state, accounts);
  }

  /** What all accounts cost of late, to find those that share a bill. */
  recentCosts(now: Instant): RecentCosts {
    return recentCosts(this.#state, now);
  }

  budgets(now: Instant): BudgetState[] {
    return this.#reports.budgets(this.at(now));
  }

  /** Which budgets match nothing. */
  budgetMatches(now: Instant): BudgetMatches[] {
    return this.#reports.budgetMatches(this.at(now));
  }

  /** What an account has spent this month, from its `since` on, and is expected to have spent at its end. */
  accountMonth(account: number, now: Instant): SpendState {
    return this.#reports.accountMonth(this.at(now), account);
  }

  balance(account: number, now: Instant): AccountBalance {
    const input = this.at(now);
    const spendOf = (stream: number) => this.#reports.dailySpend(input, stream);
    return balanceOf(input, account, observationsOf(input, account), spendOf);
  }

  /** Corrections and unconverted money by account. */
  remarks(now: Instant): ReadonlyMap<number, AccountRemarks> {
    return remarksOf(this.at(now));
  }

  /** The ledger at an instant, for reports and snapshots. */
  protected at(now: Instant): PublishInput {
    const since = (account: number, stream: string) => this.since(account, stream, now);
    return { state: this.#state, accounts: this.#accounts, now, since };
  }

  #streamId(account: number, stream: string): number | undefined {
    return this.#state.streamOf(account, stream)?.id;
  }
}
