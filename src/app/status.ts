import type { Ledger } from '../core/ledger.ts';
import type { BudgetState } from '../core/reports/budget-status.ts';
import { WINDOWS, type Window } from '../core/reports/windows.ts';
import { formatDecimal, type Usd } from '../core/values/money.ts';
import { type Instant, sizeOf } from '../core/values/time.ts';
import type { FeedState } from '../poll/feed-runner.ts';
import type { FailedPoll, PollOutcome, UnavailableFeed } from '../poll/poll-outcome.ts';
import { PollError, type RangeFailure } from '../providers/api/errors.ts';
import type {
  AccountStatus,
  BudgetStatus,
  FailureStatus,
  FeedStatus,
  RequestBudgetStatus,
  Status,
} from '../server/pages/status.ts';

/** Listing more failed ranges of one poll would add nothing. */
const MAX_RANGES = 50;

export interface StatusInput {
  readonly version: string;
  readonly startedAt: Instant;
  readonly now: Instant;
  readonly ledger: Ledger;
  readonly states: readonly FeedState[];
  readonly warnings: readonly string[];
}

export function accountsOf(states: readonly FeedState[]) {
  return [...Map.groupBy(states, ({ feed }) => feed.key.account)].map(([id, feeds]) => {
    const { provider = '', account = '' } = feeds[0]?.feed.labels ?? {};
    const streams = new Set(feeds.flatMap(({ feed }) => feed.feed.stream?.name ?? []));
    return { id, provider, account, feeds, streams: [...streams] };
  });
}

/** What the status page and `/api/v1/status` show, from the ledger and the poller. */
export function statusOf(input: StatusInput): Status {
  const { version, startedAt, now, ledger, states, warnings } = input;
  return {
    version,
    startedAt: iso(startedAt),
    warnings,
    accounts: accountsOf(states).map(({ id, provider, account, feeds }): AccountStatus => {
      const usd = (window: Window) => exact(ledger.windowCost(id, window, now));
      return {
        provider,
        name: account,
        todayUsd: usd('today'),
        monthToDateUsd: usd('month_to_date'),
        incomplete: WINDOWS.flatMap((window) => {
          const { incomplete: reason } = ledger.windowState(id, window, now);
          return reason ? [{ window, reason }] : [];
        }),
        requestBudget: requestBudgetOf(feeds, now),
        feeds: feeds.map((state) => feedStatus(ledger, state, now)),
      };
    }),
    budgets: ledger.budgets(now).map(budgetStatus),
  };
}

function budgetStatus({ budget, period, spent, forecast }: BudgetState): BudgetStatus {
  return {
    name: budget.name,
    period: budget.period,
    start: iso(period.start),
    end: iso(period.end),
    limitUsd: formatDecimal(budget.limit),
    spentUsd: exact(spent),
    forecastUsd: exact(forecast),
  };
}

/** All feeds of an account share one client. */
function requestBudgetOf([first]: readonly FeedState[], now: Instant): RequestBudgetStatus {
  const { client } = first?.feed ?? {};
  const remaining = client?.budgetLeft() ?? Number.POSITIVE_INFINITY;
  return {
    remaining: Number.isFinite(remaining) ? remaining : null,
    notBefore: later(client?.notBefore(), now),
  };
}

function feedStatus(ledger: Ledger, state: FeedState, now: Instant): FeedStatus {
  const { feed, last, lastError, nextRun, isPolling } = state;
  const row = ledger.feed(feed.key.account, feed.key.feed);
  return {
    name: feed.feed.name,
    up: last?.kind === 'succeeded' || (last?.kind === 'failed' ? false : null),
    lastSuccess: maybe(row?.lastSuccess),
    lastError: last?.kind === 'failed' && lastError ? failureStatus(lastError) : null,
    off: last?.kind === 'unavailable' ? failureStatus(last) : null,
    dataFrom: maybe(row?.read.at(-1)?.start),
    dataThrough: maybe(row?.read.at(-1)?.end),
    schedule: feed.schedule,
    isPolling,
    nextRun: maybe(nextRun),
    notBefore: later(feed.client.notBefore(), now),
    reconciliation: row?.reconciliation
      ? { differenceUsd: formatDecimal(row.reconciliation.difference), against: row.reconciliation.against }
      : null,
    history: historyOf(ledger, state, now),
    notes: row?.notes.map(({ topic, text }) => ({ topic, text })) ?? [],
  };
}

/** History still to be read, if this is the feed that reads it: the last of those that fill the stream. */
function historyOf(ledger: Ledger, state: FeedState, now: Instant): FeedStatus['history'] {
  const { key, feed, readsHistory } = state.feed;
  if (!feed.stream || !readsHistory) return null;
  const since = ledger.since(key.account, feed.stream.name, now);
  const unread = ledger.unread(key.account, feed.stream.name, since);
  const buckets =
    unread.reduce((sum, { start, end }) => sum + (end - start), 0) / sizeOf(feed.stream.granularity);
  return buckets > 0 ? { remaining: Math.ceil(buckets) } : null;
}

function failureStatus(outcome: PollOutcome & (FailedPoll | UnavailableFeed)): FailureStatus {
  const { reason, message, hint, at } = outcome;
  const ranges = outcome.kind === 'failed' && outcome.error instanceof PollError ? outcome.error.ranges : [];
  return { reason, message, hint, at: iso(at), ranges: ranges.slice(0, MAX_RANGES).map(rangeStatus) };
}

function rangeStatus({ start, end, reason, message }: RangeFailure) {
  return { start: iso(start), end: iso(end), reason, message };
}

function later(at: Instant | undefined, now: Instant): string | null {
  return at !== undefined && at > now ? iso(at) : null;
}

function exact(usd: Usd | undefined): string | null {
  return usd === undefined ? null : formatDecimal(usd);
}

function maybe(at: Instant | undefined): string | null {
  return at === undefined ? null : iso(at);
}

function iso(at: Instant): string {
  return new Date(at).toISOString();
}
