import { HOUR, type Instant, MINUTE, SECOND } from '../core/values/time.ts';
import { isRefusal, POLL_FAILURES, PollError } from '../providers/api/errors.ts';
import type { Admit } from './admission.ts';
import { transact } from './apply-statement.ts';
import { pollFeed } from './poll-feed.ts';
import { type FailedPoll, failedPoll, type PollEnding, type PollOutcome } from './poll-outcome.ts';
import type { PollTarget, PollWatcher } from './poll-target.ts';
import { type Pattern, type Schedule, schedule } from './schedule.ts';

/** A feed as the poller runs it. */
export interface ScheduledFeed extends PollTarget {
  readonly labels: { readonly provider: string; readonly account: string; readonly feed: string };
  /** A cron line in UTC. */
  readonly schedule: string;
  /** Whether the feed reads the history of its stream. */
  readonly readsHistory: boolean;
}

/** The events of all feeds. `progress` only comes from polls of several ranges. */
export type PollerEvents = {
  readonly [Event in keyof PollWatcher]: (
    feed: ScheduledFeed,
    ...values: Parameters<PollWatcher[Event]>
  ) => void;
} & { pollEnded(feed: ScheduledFeed, outcome: PollOutcome): void };

export type FeedState = ReturnType<FeedRunner['state']>;

export interface RunnerOptions {
  readonly events: PollerEvents;
  readonly now: () => Instant;
  /** From 0 to 1: jitter. */
  readonly random: () => number;
  /** Starts a poll when there is room for it; at once when absent. */
  readonly admit?: Admit;
  /** Runs each poll, including its `pollEnded` event; `stopping` is aborted if the poll was abandoned. */
  readonly wrapPoll?: (
    feed: ScheduledFeed,
    poll: () => Promise<PollOutcome>,
    stopping: AbortSignal,
  ) => Promise<PollOutcome>;
}

/** How long an unavailable feed is not polled, until keys or permissions may have changed. Jitter moves hourly runs. */
const UNAVAILABLE_MS = HOUR - 2 * MINUTE;
/** How long a feed that names things may delay those that use the names. */
const MAX_WAIT_MS = 10 * SECOND;
const MIN_BACKOFF_MS = 30 * SECOND;
const MAX_BACKOFF_MS = 10 * MINUTE;

/** Runs one feed: by its schedule, on request, and sooner after a failure. */
export class FeedRunner {
  readonly feed: ScheduledFeed;
  readonly #options: RunnerOptions;
  readonly #signal: AbortSignal;
  #running: Promise<PollOutcome> | undefined;
  #last: PollOutcome | undefined;
  #lastError: (PollOutcome & FailedPoll) | undefined;
  #schedule: Schedule | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(feed: ScheduledFeed, options: RunnerOptions, signal: AbortSignal) {
    this.feed = feed;
    this.#options = options;
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      this.#schedule?.stop();
      clearTimeout(this.#retryTimer);
    });
  }

  /** Polls once now (see {@link run}), then by the schedule. */
  start(pattern: Pattern, before: readonly FeedRunner[]): void {
    const { jitterMs } = this.feed.feed;
    const { random } = this.#options;
    this.#schedule = schedule({ pattern, jitterMs, random, run: () => void this.run() });
    void this.run(before);
  }

  /**
   * Polls now, unless a poll is running or the feed was found unavailable within the last hour.
   *
   * @param before feeds whose first poll this one waits for, {@link MAX_WAIT_MS} at most.
   */
  run(before: readonly FeedRunner[] = []): Promise<PollOutcome> {
    const last = this.#last;
    if (last?.kind === 'unavailable' && isRecent(last.at, this.#options.now())) return Promise.resolve(last);
    clearTimeout(this.#retryTimer);
    // The retry timer is set outside of `wrapPoll`: the next poll is no part of this one.
    this.#running ??= this.#runAdmitted(before).then((outcome) => {
      if (!this.#signal.aborted) this.#scheduleRetry(outcome);
      return outcome;
    });
    return this.#running;
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  state() {
    return {
      feed: this.feed,
      last: this.#last,
      lastError: this.#lastError,
      nextRun: this.#schedule?.nextRun(),
      isPolling: this.#running !== undefined,
    };
  }

  async #runAdmitted(before: readonly FeedRunner[]): Promise<PollOutcome> {
    const { now, admit = runAtOnce, wrapPoll = (_feed, poll) => poll() } = this.#options;
    try {
      const unpolled = before.filter((runner) => runner.#last === undefined);
      if (unpolled.length > 0) await runFirst(unpolled);
      this.#signal.throwIfAborted();
      return await admit(this.#signal, () => wrapPoll(this.feed, () => this.#pollAndReport(), this.#signal));
    } catch (error) {
      // Aborted before the poll began.
      this.#running = undefined;
      return { ...failedPoll(error), at: now(), seconds: 0 };
    }
  }

  async #pollAndReport(): Promise<PollOutcome> {
    const at = this.#options.now();
    const startedAt = performance.now();
    const ending = await this.#poll();
    const outcome = { ...ending, at, seconds: (performance.now() - startedAt) / 1000 };
    this.#running = undefined;
    if (this.#signal.aborted) return outcome;
    if (outcome.kind !== 'postponed' || !this.#last) this.#last = outcome;
    if (outcome.kind === 'failed') this.#lastError = outcome;
    this.#options.events.pollEnded(this.feed, outcome);
    return outcome;
  }

  async #poll(): Promise<PollEnding> {
    try {
      const kind = await pollFeed(this.feed, this.#watcher(), this.#signal);
      this.#failures = 0;
      return { kind };
    } catch (error) {
      return this.feed.feed.optional && isRefusal(error) ? this.#clear(error) : this.#fail(error);
    }
  }

  async #clear({ reason, message, hint }: PollError): Promise<PollEnding> {
    try {
      await transact(this.feed, () => this.feed.ledger.clearFeed(this.feed.key));
    } catch (error) {
      return this.#fail(error);
    }
    this.#failures = 0;
    return { kind: 'unavailable', reason, message, hint, isTransition: this.#last?.kind !== 'unavailable' };
  }

  #fail(error: unknown): FailedPoll {
    this.#failures += 1;
    return failedPoll(error);
  }

  #watcher(): PollWatcher {
    const { events } = this.#options;
    return {
      applied: (applied) => events.applied(this.feed, applied),
      drift: (drift) => events.drift(this.feed, drift),
      warned: (note) => events.warned(this.feed, note),
      unconverted: (currency) => events.unconverted(this.feed, currency),
      progress: (progress) => {
        if (progress.total > 1) events.progress(this.feed, progress);
      },
    };
  }

  /** Polls again before the next scheduled run if that is far away, after exponential backoff. */
  #scheduleRetry(outcome: PollOutcome): void {
    const now = this.#options.now();
    const nextRun = this.#schedule?.nextRun();
    if (nextRun === undefined || outcome.kind !== 'failed' || !POLL_FAILURES[outcome.reason].retrySooner)
      return;
    const { error } = outcome;
    const backoffMs = Math.min(MIN_BACKOFF_MS * 2 ** (this.#failures - 1), MAX_BACKOFF_MS);
    const retryAt = (error instanceof PollError ? error.retryAt : undefined) ?? now + backoffMs;
    if (retryAt < nextRun) this.#retryTimer = setTimeout(() => void this.run(), Math.max(0, retryAt - now));
  }
}

async function runFirst(runners: readonly FeedRunner[]): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, MAX_WAIT_MS);
  await Promise.race([Promise.all(runners.map((runner) => runner.run())), timeout.promise]);
  clearTimeout(timer);
}

const runAtOnce: Admit = (_signal, work) => work();

/** An instant in the future is not recent: the clock was set back since, perhaps by far. */
function isRecent(at: Instant, now: Instant): boolean {
  return at <= now && now - at < UNAVAILABLE_MS;
}
