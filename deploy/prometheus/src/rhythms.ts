import cron from 'node-cron';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/values/time.ts';
import type { Feed, Provider } from '../../../src/providers/api/provider.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';
import { THRESHOLDS } from './thresholds.ts';

/** How long a feed may go without new data before its figures count as stale. */
export interface Rhythm {
  readonly provider: string;
  readonly feed: string;
  readonly allowedSeconds: number;
  /** It reads history, so the end of its data says nothing about freshness. */
  readonly isHistory: boolean;
}

/** The rhythm of every feed, from its schedule and buckets. */
export const RHYTHMS: readonly Rhythm[] = PROVIDERS.flatMap((provider: Provider) =>
  provider.feeds.map((feed) => rhythmOf(provider, feed)),
);

/** The rhythm of one feed. */
export function rhythmOf(provider: Provider, feed: Feed<unknown, unknown>): Rhythm {
  const { stream } = feed;
  const isHistory = readsHistory(provider, feed);
  const intervalMs = longestWait(feed.schedule);
  const readsMinutes = stream === undefined || stream.granularity === 'minute';
  const isFast = intervalMs <= 10 * MINUTE && readsMinutes && !isHistory;
  const lagMs = stream?.lagMs?.(provider.config.parse({})) ?? THRESHOLDS.staleLagSeconds * SECOND;
  // A day that is billed only after its end stays the newest one for a whole day.
  const bucketMs = stream?.closedBuckets && stream.granularity === 'day' ? DAY : 0;
  const slowMs = Math.max(intervalMs, isHistory ? DAY : HOUR) + bucketMs + lagMs;
  return {
    provider: provider.id,
    feed: feed.name,
    allowedSeconds: isFast ? THRESHOLDS.staleFastSeconds : slowMs / SECOND,
    isHistory,
  };
}

/** Whether this is the last of several feeds of one stream that every account may read. */
function readsHistory({ feeds }: Provider, feed: Feed<unknown, unknown>): boolean {
  const same = feeds.filter(
    ({ stream, optional }) => stream !== undefined && stream.name === feed.stream?.name && !optional,
  );
  return same.length > 1 && same.at(-1) === feed;
}

/** The longest interval between upcoming runs, in milliseconds. */
function longestWait(schedule: string): number {
  const runs = cron.createTask(schedule, () => {}, { timezone: 'UTC' }).getNextRuns(100);
  return Math.max(...runs.slice(1).map((run, index) => run.getTime() - (runs[index]?.getTime() ?? 0)));
}
