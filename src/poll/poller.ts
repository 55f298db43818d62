import { FeedRunner, type FeedState, type RunnerOptions, type ScheduledFeed } from './feed-runner.ts';
import type { PollOutcome } from './poll-outcome.ts';
import { createPatterns, type Pattern } from './schedule.ts';

export type Poller = ReturnType<typeof createPoller>;

export interface PollerOptions extends RunnerOptions {
  readonly feeds: readonly ScheduledFeed[];
  /** Shared by pollers, so that each cron line is parsed once. */
  readonly patternOf?: (line: string) => Pattern;
}

/** Polls feeds in parallel, each feed at most once at a time: a slow or failing feed delays no other. */
export function createPoller(options: PollerOptions) {
  const { feeds, patternOf = createPatterns() } = options;
  const stopping = new AbortController();
  const runners = feeds.map((feed) => new FeedRunner(feed, options, stopping.signal));
  return {
    /** Polls every feed once now, then each by its schedule. Does nothing after `stop`. */
    start(): void {
      if (stopping.signal.aborted) return;
      for (const runner of runners) runner.start(patternOf(runner.feed.schedule));
    },
    /** Polls all feeds once, in parallel, and returns how each poll ended. */
    pollAll: (): Promise<readonly PollOutcome[]> => Promise.all(runners.map((runner) => runner.run())),
    states: (): FeedState[] => runners.map((runner) => runner.state()),
    /** Stops the schedules, aborts polls in flight and resolves when all have ended. */
    async stop(): Promise<void> {
      stopping.abort(new Error('the exporter is stopping'));
      await Promise.all(runners.map((runner) => runner.settled()));
    },
  };
}
