import { type Instant, MINUTE, type Range, SECOND } from '../core/values/time.ts';
import type { ScheduledFeed } from '../poll/feed-runner.ts';
import { pollFeed } from '../poll/poll-feed.ts';
import { pollErrorOf } from '../poll/poll-outcome.ts';
import type { PollWatcher } from '../poll/poll-target.ts';
import { isRefusal, POLL_FAILURES, type PollError } from '../providers/api/errors.ts';
import type { FeedContext } from '../providers/api/provider.ts';
import type { Quota } from './quota.ts';
import { isUseful, lengthOf } from './unread.ts';

/** What happens while history is read. */
export interface ReadEvents {
  /** Something was read. */
  progress(): void;
  /** A poll failed; it is tried again at `retryAt`, or no more. */
  failed(feed: ScheduledFeed, error: PollError, retryAt: Instant | undefined): void;
  /** Until more requests may be sent, of which half are left to a running exporter. */
  waiting(feed: ScheduledFeed): void;
}

export interface ReadOptions {
  readonly now: () => Instant;
  /** Resolves once `now` has moved on by `ms`; rejects or ends early when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  readonly events: ReadEvents;
}

/** Polls in a row that read nothing new before a feed is given up. */
const MAX_FAILURES = 4;
const MIN_BACKOFF_MS = 30 * SECOND;
/** How often the number of requests that may be sent is looked at. */
const QUOTA_CHECK_MS = 5 * SECOND;

/**
 * Polls a feed until it has read all that it can tell of what is unread.
 *
 * @returns its last failure, if it was given up.
 * @throws the signal's reason once it aborts; what the ledger's file throws; an internal error.
 */
export async function readFeed(
  feed: ScheduledFeed,
  unread: () => readonly Range[],
  quota: Quota,
  options: ReadOptions,
): Promise<PollError | undefined> {
  let failures = 0;
  while (unread().length > 0) {
    await waitForQuota(feed, quota, options);
    const before = lengthOf(unread());
    const error = await pollOnce(narrow(feed, unread, quota), options);
    const hasRead = lengthOf(unread()) < before;
    if (!error && !hasRead) return undefined;
    failures = hasRead ? 0 : failures;
    if (!error) continue;
    failures += 1;
    const retryAt = retryAtOf(feed, error, failures, options.now());
    options.events.failed(feed, error, retryAt);
    if (retryAt === undefined) return error;
    await pause(retryAt - options.now(), options);
  }
  return undefined;
}

/** The feed with a plan of what is unread only. It leaves the reserved requests to others. */
function narrow(feed: ScheduledFeed, unread: () => readonly Range[], quota: Quota): ScheduledFeed {
  const plan = (context: FeedContext<unknown>) => {
    const missing = unread();
    return feed.feed.plan(context).filter((range) => isUseful(feed.feed, range, missing));
  };
  return withPlan(feed, plan, quota);
}

export function withPlan(
  feed: ScheduledFeed,
  plan: ScheduledFeed['feed']['plan'],
  quota: Quota,
): ScheduledFeed {
  const narrowed = {
    ...feed.feed,
    plan,
    get reserveRequests() {
      return quota.reserved;
    },
  };
  return { ...feed, feed: narrowed };
}

/** Polls once. @returns the failure, if it failed for a reason that others or a later poll may not. */
export async function pollOnce(
  feed: ScheduledFeed,
  { signal, events }: Pick<ReadOptions, 'signal' | 'events'>,
): Promise<PollError | undefined> {
  const watcher: PollWatcher = {
    applied: () => events.progress(),
    drift() {},
    warned() {},
    unconverted() {},
    progress() {},
  };
  try {
    await pollFeed(feed, watcher, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    const known = pollErrorOf(error);
    if (!known || known.reason === 'storage') throw error;
    return known;
  }
}

/** When to poll again after a failure; undefined: not at all. */
function retryAtOf(
  { feed }: ScheduledFeed,
  error: PollError,
  failures: number,
  now: Instant,
): Instant | undefined {
  const isFinal = !POLL_FAILURES[error.reason].retrySooner || (feed.optional && isRefusal(error));
  if (isFinal || failures >= MAX_FAILURES) return undefined;
  return error.retryAt ?? now + MIN_BACKOFF_MS * 2 ** (failures - 1);
}

export async function waitForQuota(feed: ScheduledFeed, quota: Quota, options: ReadOptions): Promise<void> {
  if (feed.client.budgetLeft() >= quota.reserved) return;
  options.events.waiting(feed);
  while (feed.client.budgetLeft() < quota.reserved) await pause(QUOTA_CHECK_MS, options);
}

/** Looks at the clock in between: timers stop while a machine sleeps. */
async function pause(ms: number, { wait, signal, now }: ReadOptions): Promise<void> {
  const until = now() + ms;
  for (let left = ms; left > 0; left = until - now()) {
    await wait(Math.min(left, MINUTE), signal);
    signal.throwIfAborted();
  }
}
