import { FeedRunner, type FeedState, type RunnerOptions, type ScheduledFeed } from './feed-runner.ts';
import type { PollOutcome } from './poll-outcome.ts';
import { createPatterns, type Pattern } from './schedule.ts';

export type Poller = ReturnType<typeof createPoller>;

export interface PollerOptions extends RunnerOptions {
  readonly feeds: readonly ScheduledFeed[];
  /** Shared by pollers, so that each cron line is parsed once. */
  readonly patternOf?: (line: string) => Pattern;
}

/**
 * Polls feeds in parallel, each feed at most once at a time. A slow or failing feed delays no other, apart from the first poll of those
 * that are polled `after` it, and that by ten seconds at most.
 */
export function createPoller(options: PollerOptions) {
  const { feeds, patternOf = createPatterns() } = options;
  const stopping = new AbortController();
  const runners = feeds.map((feed) => new FeedRunner(feed, options, stopping.signal));
  const before = ({ feed: { feed, key } }: FeedRunner) =>
    runners.filter(
      ({ feed: { key: other } }) => other.account === key.account && feed.after?.includes(other.feed),
    );
  return {
    /** Polls every feed once now, then each by its schedule. Does nothing after `stop`. */
    start(): void {
      if (stopping.signal.aborted) return;
      for (const runner of runners) runner.start(patternOf(runner.feed.schedule), before(runner));
    },
    /** Polls all feeds once, in parallel, and returns how each poll ended. */
    pollAll: (): Promise<readonly PollOutcome[]> =>
      Promise.all(runners.map((runner) => runner.run(before(runner)))),
    states: (): FeedState[] => runners.map((runner) => runner.state()),
    /** Stops the schedules, aborts polls in flight and resolves when all have ended. */
    async stop(): Promise<void> {
      stopping.abort(new Error('the exporter is stopping'));
      await Promise.all(runners.map((runner) => runner.settled()));
    },
  };
}
