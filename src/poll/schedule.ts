import { Cron } from 'croner';
import { type Instant, SECOND } from '../core/values/time.ts';

export type Schedule = ReturnType<typeof schedule>;

/** When a cron line is due. */
export interface Pattern {
  /** The next run after now. */
  next(): Instant;
  /** The time between the next two. */
  periodMs(): number;
}

/** In UTC. A day matches the day of the month and the day of the week, as in node-cron. */
const OPTIONS = { utcOffset: 0, domAndDow: true, paused: true };

/**
 * Parses each cron line (UTC, five or six fields) once: accounts of a provider share lines. The configuration validates lines with
 * node-cron; croner computes when they are due, because node-cron would use `Intl` for that, which takes 6 MB and 0.25 s for the first line.
 */
export function createPatterns(): (line: string) => Pattern {
  const known = new Map<string, Pattern>();
  return (line) => {
    const pattern = known.get(line) ?? patternOf(new Cron(line, OPTIONS));
    known.set(line, pattern);
    return pattern;
  };
}

/** Caches the next run: thousands of feeds ask for it within one period, most in the same iteration of the event loop. */
function patternOf(cron: Cron): Pattern {
  let cached = { from: Number.POSITIVE_INFINITY, due: Number.NEGATIVE_INFINITY, periodMs: SECOND };
  const refresh = () => {
    const now = Date.now();
    if (now < cached.from || now >= cached.due) {
      const runs = cron.nextRuns(2).map((date) => date.getTime());
      const [due = Number.POSITIVE_INFINITY, after = due + SECOND] = runs;
      cached = { from: now, due, periodMs: Number.isFinite(due) ? after - due : SECOND };
    }
    return cached;
  };
  return { next: () => refresh().due, periodMs: () => refresh().periodMs };
}

export interface ScheduleOptions {
  readonly pattern: Pattern;
  /** Upper bound of the random delay of each run; at most a tenth of the time between two. */
  readonly jitterMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly run: () => void;
}

/** Timers read the clock at least this often: it may have been set, or the machine may have slept. */
const MAX_SLEEP_MS = 30 * SECOND;

/** A slewed clock or a late timer differs by less; anything more is a clock that was set, or a process that slept. */
const MAX_DELAY_MS = SECOND;

/**
 * Runs by a cron line in UTC, by the clock as it is now. Missed runs, however many, are caught up once and at once; so is the
 * run of a clock that was set back, because what was read under the old time no longer counts as read.
 *
 * croner only computes when a line is due: its runner keeps the instant of the next run, which a clock that was set back reaches
 * late. The caller must prevent overlapping runs.
 */
export function schedule({ pattern, jitterMs, random, run }: ScheduleOptions) {
  const delays = new Set<NodeJS.Timeout>();
  let seenAt = Date.now();
  let due = pattern.next();
  let alarm: NodeJS.Timeout | undefined;
  let isStopped = false;

  const runLater = (ms: number) => {
    const timer = setTimeout(() => {
      delays.delete(timer);
      run();
    }, ms);
    delays.add(timer);
  };
  const check = () => {
    const at = Date.now();
    const wasSetBack = at < seenAt - MAX_DELAY_MS;
    if (wasSetBack || at >= due) {
      const isOnTime = !wasSetBack && at - due <= MAX_DELAY_MS;
      runLater(isOnTime ? random() * Math.min(jitterMs, pattern.periodMs() / 10) : 0);
      due = pattern.next();
    }
    seenAt = at;
    sleep();
  };
  const sleep = () => {
    alarm = setTimeout(check, Math.max(0, Math.min(due - Date.now(), MAX_SLEEP_MS)));
  };
  sleep();
  return {
    /** When the next run is due, without jitter; undefined once stopped. */
    nextRun: (): Instant | undefined => (isStopped ? undefined : pattern.next()),
    stop(): void {
      isStopped = true;
      clearTimeout(alarm);
      for (const timer of delays) clearTimeout(timer);
    },
  };
}
