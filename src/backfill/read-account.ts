import type { Ledger } from '../core/ledger.ts';
import type { Range } from '../core/values/time.ts';
import type { ScheduledFeed } from '../poll/feed-runner.ts';
import type { OpenAccount } from '../poll/open-account.ts';
import { isRefusal, type PollError } from '../providers/api/errors.ts';
import type { Feed, FeedContext } from '../providers/api/provider.ts';
import type { Quota } from './quota.ts';
import { pollOnce, type ReadOptions, readFeed, waitForQuota, withPlan } from './read-feed.ts';
import { lengthOf, reasonOf, type UnreadRange } from './unread.ts';

/** A stream, and what is still to be read of it. */
interface StreamToRead {
  readonly name: string;
  readonly unread: () => Range[];
}

export interface AccountToRead {
  readonly labels: Pick<UnreadRange, 'provider' | 'account'>;
  readonly open: OpenAccount;
  readonly ledger: Ledger;
  readonly quota: Quota;
  readonly streams: readonly StreamToRead[];
}

/**
 * Reads what is unread of an account, one feed after the other, so that labels, which the first reading of a resource decides, do not
 * depend on which feed is faster.
 *
 * @returns what could not be read, and why.
 */
export async function readAccount(account: AccountToRead, options: ReadOptions): Promise<UnreadRange[]> {
  const { open, streams, quota } = account;
  if (streams.every(({ unread }) => unread().length === 0)) return [];
  for (const feed of open.feeds.filter(({ feed: { guidesHistory } }) => guidesHistory))
    await readGuide(feed, account, options);
  const unread: UnreadRange[] = [];
  for (const stream of streams) {
    const first = historyFirst(
      open.feeds.map(({ feed }) => feed),
      stream.name,
    );
    const feeds = first.flatMap((feed) => open.feeds.find((each) => each.feed === feed) ?? []);
    const failures = await readStream(feeds, stream, quota, options);
    for (const range of stream.unread()) {
      const reason = reasonOf(range, failures, options.now());
      unread.push({ ...account.labels, stream: stream.name, ...range, ...reason });
    }
  }
  return unread;
}

/** The feeds of a stream that every account may read, that first which reads its history: the last one, as the exporter has it. */
export function historyFirst(feeds: readonly AnyFeed[], stream: string): AnyFeed[] {
  return feeds.filter((feed) => feed.stream?.name === stream && !feed.optional).reverse();
}

export type AnyFeed = Feed<unknown, unknown>;

/** Reads a feed of hints once, however far back that reaches. Without them, history takes more requests. */
async function readGuide(
  feed: ScheduledFeed,
  { ledger, quota }: AccountToRead,
  options: ReadOptions,
): Promise<void> {
  const { account, feed: name } = feed.key;
  let planned: number;
  const plan = (context: FeedContext<unknown>) => {
    const ranges = feed.feed.plan(context);
    // The newest range is planned at each poll, because the exporter needs it again.
    const isFirst = ledger.feed(account, name)?.lastSuccess === undefined;
    const left = isFirst ? ranges : ranges.slice(1);
    planned = left.length;
    return left;
  };
  do {
    planned = 0;
    await waitForQuota(feed, quota, options);
    const error = await pollOnce(withPlan(feed, plan, quota), options);
    if (error && feed.feed.optional && isRefusal(error)) return;
    if (error) return options.events.failed(feed, error, undefined);
  } while (planned > 0);
}

/**
 * Reads a stream, the feed first that reads its history. A feed that was given up is tried once more when another one has read
 * something since: some answers make sense only after others.
 *
 * @returns the last failures of feeds that were given up.
 */
async function readStream(
  feeds: readonly ScheduledFeed[],
  { unread }: StreamToRead,
  quota: Quota,
  options: ReadOptions,
): Promise<PollError[]> {
  const failures = new Map<ScheduledFeed, PollError>();
  let toRead = feeds;
  while (toRead.length > 0) {
    const givenUp: ScheduledFeed[] = [];
    let isHelped = false;
    for (const feed of toRead) {
      const before = lengthOf(unread());
      const error = await readFeed(feed, unread, quota, options);
      isHelped ||= givenUp.length > 0 && lengthOf(unread()) < before;
      failures.delete(feed);
      if (!error) continue;
      failures.set(feed, error);
      givenUp.push(feed);
    }
    toRead = isHelped ? givenUp : [];
  }
  return [...failures.values()];
}
