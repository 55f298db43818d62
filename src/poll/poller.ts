import type { StatementOutcome } from '../core/ledger/settings.ts';
import type { Drift, Note } from '../core/statement/statement.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../core/values/time.ts';
import { type FailureReason, isRefusal, POLL_FAILURES, PollError } from '../providers/api/errors.ts';
import type { Admit } from './admission.ts';
import { written } from './apply-statement.ts';
import { type PollTarget, pollErrorOf, pollFeed } from './poll-feed.ts';
import { createPatterns, type Pattern, type Schedule, schedule } from './schedule.ts';

/** A feed as the poller runs it. */
export interface ScheduledFeed extends PollTarget {
  readonly labels: { readonly provider: string; readonly account: string; readonly feed: string };
  /** A cron line in UTC. */
  readonly schedule: string;
  /** The feed that reads what lies back: the last of its stream. */
  readonly readsHistory: boolean;
}

export interface PollerEvents {
  pollEnded(feed: ScheduledFeed, outcome: PollOutcome): void;
  applied(feed: ScheduledFeed, applied: StatementOutcome): void;
  drift(feed: ScheduledFeed, drift: Drift): void;
  warned(feed: ScheduledFeed, note: Note): void;
  unconverted(feed: ScheduledFeed, currency: string): void;
  progress(feed: ScheduledFeed, progress: Progress): void;
}

export type PollOutcome =
  | {
      readonly ok: true;
      readonly at: Instant;
      readonly seconds: number;
      /** Nothing was asked, for the requests are left to other feeds. */
      readonly isPostponed: boolean;
    }
  | {
      /** Neither: the account may not read an optional feed, or does not have it. */
      readonly ok: null;
      readonly at: Instant;
      readonly seconds: number;
      readonly reason: FailureReason;
      readonly message: string;
      /** It was not so at its last poll. */
      readonly isNews: boolean;
    }
  | {
      readonly ok: false;
      readonly at: Instant;
      readonly seconds: number;
      readonly reason: FailureReason;
      readonly message: string;
      readonly error: unknown;
      /** The error is not one of the table: our fault. */
      readonly isBug: boolean;
    };

/** How far a poll that reads several ranges has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface FeedState {
  readonly feed: ScheduledFeed;
  readonly last: PollOutcome | undefined;
  readonly lastError: (PollOutcome & { ok: false }) | undefined;
  readonly progress: Progress | undefined;
  readonly nextRun: Instant | undefined;
  readonly isPolling: boolean;
}

export interface Poller {
  /** Polls every feed once now, then each by its schedule. Nothing where it was stopped. */
  start(): void;
  /** Polls every feed once, side by side, and says how each ended. */
  pollAll(): Promise<readonly PollOutcome[]>;
  states(): FeedState[];
  /** Ends schedules, abandons polls in flight and resolves when none is left. */
  stop(): Promise<void>;
}

export interface PollerOptions {
  readonly feeds: readonly ScheduledFeed[];
  readonly events: PollerEvents;
  readonly now: () => Instant;
  /** From 0 to 1: jitter. */
  readonly random: () => number;
  /** Shared by pollers, so that a line is read once. */
  readonly patternOf?: (line: string) => Pattern;
  /** Lets a poll begin; at once when absent. */
  readonly admit?: Admit;
  /** Runs each poll, the telling of how it ended included; `stopping` has aborted where the poll was abandoned. */
  readonly around?: (
    feed: ScheduledFeed,
    poll: () => Promise<PollOutcome>,
    stopping: AbortSignal,
  ) => Promise<PollOutcome>;
}

/** Feeds run side by side, each never over itself: a slow or failing one delays no other. */
export function createPoller(options: PollerOptions): Poller {
  const { feeds, random, patternOf = createPatterns() } = options;
  const stopping = new AbortController();
  const runners = feeds.map((feed) => createRunner(feed, options, stopping.signal));
  const schedules: Schedule[] = [];
  return {
    start() {
      if (stopping.signal.aborted) return;
      for (const runner of runners) {
        const { schedule: line, feed } = runner.feed;
        const { jitterMs } = feed;
        const timing = schedule({ pattern: patternOf(line), jitterMs, random, run: () => void runner.run() });
        schedules.push(timing);
        runner.plan(timing);
        void runner.run();
      }
    },
    pollAll: () => Promise.all(runners.map((runner) => runner.run())),
    states: () => runners.map((runner) => runner.state()),
    async stop() {
      for (const timing of schedules) timing.stop();
      stopping.abort(new Error('the exporter is stopping'));
      await Promise.all(runners.map((runner) => runner.settled()));
    },
  };
}

function createRunner(feed: ScheduledFeed, options: PollerOptions, signal: AbortSignal) {
  const { events, now, around = (_feed, unwatched) => unwatched() } = options;
  const admit: Admit = options.admit ?? ((_signal, work) => work());
  let running: Promise<PollOutcome> | undefined;
  let last: PollOutcome | undefined;
  let lastError: FeedState['lastError'];
  let progress: Progress | undefined;
  let timing: Schedule | undefined;
  let retry: NodeJS.Timeout | undefined;
  let failures = 0;

  const watcher = {
    applied: (applied: StatementOutcome) => events.applied(feed, applied),
    drift: (drift: Drift) => events.drift(feed, drift),
    warned: (note: Note) => events.warned(feed, note),
    unconverted: (currency: string) => events.unconverted(feed, currency),
    progress(done: number, total: number) {
      progress = total > 1 ? { done, total } : undefined;
      if (progress) events.progress(feed, progress);
    },
  };

  const poll = async (): Promise<PollOutcome> => {
    const startedAt = now();
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    try {
      const isPostponed = (await pollFeed(feed, watcher, signal)) === 'postponed';
      failures = 0;
      progress = undefined;
      return { ok: true, at: startedAt, seconds: seconds(), isPostponed };
    } catch (error) {
      return await ended(error, { at: startedAt, seconds: seconds() });
    }
  };

  const ended = async (error: unknown, when: { at: Instant; seconds: number }): Promise<PollOutcome> => {
    if (feed.feed.optional && isRefusal(error)) {
      try {
        await written(feed, () => feed.ledger.clearFeed(feed.key));
        failures = 0;
        const { reason, message } = error;
        return { ok: null, ...when, reason, message, isNews: last?.ok !== null };
      } catch (unwritten) {
        return ended(unwritten, when);
      }
    }
    failures += 1;
    return failureOf(error, when);
  };

  const run = (): Promise<PollOutcome> => {
    if (last?.ok === null && isRecent(last.at, now())) return Promise.resolve(last);
    clearTimeout(retry);
    // What comes after a poll is none of it: the timer of the next one is set outside.
    running ??= admitted().then((outcome) => {
      if (!signal.aborted) retryLater(outcome);
      return outcome;
    });
    return running;
  };

  const admitted = async (): Promise<PollOutcome> => {
    try {
      return await admit(signal, () => around(feed, pollAndTell, signal));
    } catch (error) {
      // It was abandoned before it began.
      running = undefined;
      return failureOf(error, { at: now(), seconds: 0 });
    }
  };

  const pollAndTell = async (): Promise<PollOutcome> => {
    const outcome = await poll();
    running = undefined;
    if (signal.aborted) return outcome;
    if (!(outcome.ok && outcome.isPostponed && last)) last = outcome;
    if (outcome.ok === false) lastError = outcome;
    events.pollEnded(feed, outcome);
    return outcome;
  };

  /** A failed poll does not wait for a distant next run: it is tried again sooner, each time later than the last. */
  const retryLater = (outcome: PollOutcome) => {
    const due = outcome.ok === false ? retryAt(outcome, failures, now()) : undefined;
    const next = timing?.nextRun();
    if (due === undefined || next === undefined || due >= next) return;
    retry = setTimeout(() => void run(), Math.max(0, due - now()));
  };
  signal.addEventListener('abort', () => clearTimeout(retry));

  return {
    feed,
    run,
    plan: (schedule: Schedule) => {
      timing = schedule;
    },
    settled: async () => {
      await running;
    },
    state: (): FeedState => ({
      feed,
      last,
      lastError,
      progress,
      nextRun: timing?.nextRun(),
      isPolling: running !== undefined,
    }),
  };
}

function failureOf(error: unknown, when: { at: Instant; seconds: number }): PollOutcome {
  const known = pollErrorOf(error);
  if (known)
    return { ok: false, ...when, reason: known.reason, message: known.message, error: known, isBug: false };
  const message = error instanceof Error ? error.message : String(error);
  return { ok: false, ...when, reason: 'contract', message, error, isBug: true };
}

/** How long a feed that is switched off is left alone: keys and permissions change. Hourly runs waver by their jitter. */
const OFF_MS = HOUR - 2 * MINUTE;

/** What lies ahead is not young: the clock was set back since, perhaps by far. */
function isRecent(at: Instant, now: Instant): boolean {
  return at <= now && now - at < OFF_MS;
}

const FIRST_RETRY_MS = 30 * SECOND;
const LAST_RETRY_MS = 10 * MINUTE;

/** When a failed poll is tried again ahead of its schedule; undefined where that would not help. */
function retryAt(
  outcome: { reason: FailureReason; error: unknown },
  failures: number,
  now: Instant,
): Instant | undefined {
  if (!POLL_FAILURES[outcome.reason].retrySooner) return undefined;
  const told = outcome.error instanceof PollError ? outcome.error.retryAt : undefined;
  if (told !== undefined) return told - now > DAY ? undefined : told;
  return now + Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
}
