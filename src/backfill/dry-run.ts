import type { ReadCoverage } from '../core/statement/series.ts';
import { gapsIn, joinRanges } from '../core/values/ranges.ts';
import type { Instant, Range } from '../core/values/time.ts';
import { streamsOf } from '../poll/open-account.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import { EMPTY_CONTEXT, type RequestCount } from '../providers/api/provider.ts';
import { Quota } from './quota.ts';
import { type AnyFeed, historyFirst } from './read-account.ts';
import { type HistoryRange, isUseful, rangeToRead } from './unread.ts';

/** What reading a feed would take, without retries. */
export interface FeedEstimate extends RequestCount {
  readonly provider: string;
  readonly account: string;
  readonly feed: string;
  /** How long the least number of requests takes under the provider's limit, of which half is left to a running exporter. */
  readonly leastMs: number;
}

/** What reading all history of an account takes, by the plans of its feeds: nothing is sent. */
export function estimateRequests(
  account: PolledAccount,
  history: HistoryRange,
  now: Instant,
): FeedEstimate[] {
  const { provider } = account;
  const feeds = provider.feeds.filter((feed) => feed.isEnabled?.(account.config) ?? true);
  const guides = feeds.filter(({ guidesHistory }) => guidesHistory);
  const whole = { start: history.from, end: now };
  const streams = streamsOf({ ...provider, feeds }, account.config);
  const planned = streams.flatMap((stream) => {
    const range = rangeToRead(account, stream, history);
    return planAll(historyFirst(feeds, stream.name), range, account, now);
  });
  const isNeeded = planned.some(({ ranges }) => ranges.length > 0);
  const guided = isNeeded ? guides.map((feed) => ({ feed, ranges: [whole] })) : [];
  return [...guided, ...planned]
    .filter(({ ranges }) => ranges.length > 0)
    .map(({ feed, ranges }) => {
      const count = countOf(feed, ranges);
      const labels = { provider: provider.id, account: account.name, feed: feed.name };
      return { ...labels, ...count, leastMs: leastMs(count.least, account) };
    });
}

/** Plans as feeds do one after the other, each until it has nothing more to read. */
function planAll(
  feeds: readonly AnyFeed[],
  wanted: Range,
  { config }: PolledAccount,
  now: Instant,
): { readonly feed: AnyFeed; readonly ranges: readonly Range[] }[] {
  const read: Range[] = [];
  const { signal } = new AbortController();
  return feeds.map((feed) => {
    const ranges: Range[] = [];
    for (;;) {
      const coverage = coverageOf(read, now);
      const context = { ...EMPTY_CONTEXT, now, config, since: wanted.start, coverage, signal };
      const missing = gapsIn(read, wanted);
      const next = feed.plan(context).filter((range) => isUseful(feed, range, missing));
      if (next.length === 0) return { feed, ranges };
      ranges.push(...next);
      read.push(...next);
    }
  });
}

function coverageOf(read: readonly Range[], now: Instant): ReadCoverage {
  const joined = joinRanges(read);
  return {
    asOf: (at) => (joined.some(({ start, end }) => start <= at && at < end) ? now : undefined),
    latest: () => joined.at(-1),
    gaps: (range) => gapsIn(joined, range),
  };
}

function countOf(feed: AnyFeed, ranges: readonly Range[]): RequestCount {
  const counts = ranges.map((range) => feed.requests?.(range) ?? { least: 1, most: 1 });
  const most = counts.reduce<number | undefined>(
    (total, each) => (total === undefined || each.most === undefined ? undefined : total + each.most),
    0,
  );
  const more = counts.find((each) => 'more' in each)?.more;
  const least = counts.reduce((total, each) => total + each.least, 0);
  return { least, most, ...(more !== undefined && { more }) };
}

function leastMs(requests: number, { provider: { requestBudget } }: PolledAccount): number {
  if (!requestBudget) return 0;
  const allowed = requestBudget.requests - new Quota(requestBudget.requests).reserved;
  return Math.floor((requests - 1) / allowed) * requestBudget.perMs;
}
