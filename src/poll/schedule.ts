import { Cron } from 'croner';
import { validate } from 'node-cron';
import { type Instant, SECOND } from '../core/values/time.ts';

export interface Schedule {
  /** When the next run is due, without jitter; undefined once stopped. */
  nextRun(): Instant | undefined;
  stop(): void;
}

/** Says when a line is due. */
export interface Pattern {
  /** The next run after now. */
  next(): Instant;
  /** The time between the next two. */
  periodMs(): number;
}

/** In UTC. A day matches the day of the month and the day of the week, as in node-cron. */
const OPTIONS = { utcOffset: 0, domAndDow: true, paused: true };

/**
 * Reads cron lines in UTC, of five or six fields, each once: accounts of a provider share theirs. node-cron says what a line is,
 * croner when it is due: node-cron would ask `Intl` for that, which takes 6 MB and 0.25 s at the first line.
 *
 * @throws {RangeError} if node-cron does not take the line.
 */
export function createPatterns(): (line: string) => Pattern {
  const known = new Map<string, Pattern>();
  return (line) => {
    if (!validate(line)) throw new RangeError(`"${line}" is no cron line`);
    const pattern = known.get(line) ?? patternOf(new Cron(line, OPTIONS));
    known.set(line, pattern);
    return pattern;
  };
}

/** Thousands of feeds ask, most of them in the same turn of the event loop, and all within a period are told the same. */
function patternOf(cron: Cron): Pattern {
  let asked = { from: Number.POSITIVE_INFINITY, due: Number.NEGATIVE_INFINITY, periodMs: SECOND };
  const ask = () => {
    const now = Date.now();
    if (now < asked.from || now >= asked.due) {
      const runs = cron.nextRuns(2).map((date) => date.getTime());
      const [due = Number.POSITIVE_INFINITY, after = due + SECOND] = runs;
      asked = { from: now, due, periodMs: Number.isFinite(due) ? after - due : SECOND };
    }
    return asked;
  };
  return { next: () => ask().due, periodMs: () => ask().periodMs };
}

export interface ScheduleOptions {
  readonly pattern: Pattern;
  /** Upper bound of the random delay of each run; at most a tenth of the time between two. */
  readonly jitterMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly run: () => void;
}

/** Timers wake at least this often to read the clock: it may have been set, or the machine may have slept. */
const LONGEST_SLEEP_MS = 30 * SECOND;

/** A clock that is slewed and a timer that is late differ by less; more is a clock that was set, or a process that slept. */
const ON_TIME_MS = SECOND;

/**
 * Runs by a cron line in UTC, read from the clock as it is now. Runs that were missed, however many, are caught up once, at once;
 * so is the run of a clock that was set back, since what was read under the old time no longer counts as read.
 *
 * croner only says when a line is due: runners keep the instant of the next run, which a clock that was set back reaches late.
 *
 * Whether two runs may overlap is the caller's to say: a run that is still going on is not started again.
 */
export function schedule({ pattern, jitterMs, random, run }: ScheduleOptions): Schedule {
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
  const look = () => {
    const at = Date.now();
    const wasSetBack = at < seenAt - ON_TIME_MS;
    if (wasSetBack || at >= due) {
      const isOnTime = !wasSetBack && at - due <= ON_TIME_MS;
      runLater(isOnTime ? random() * Math.min(jitterMs, pattern.periodMs() / 10) : 0);
      due = pattern.next();
    }
    seenAt = at;
    sleep();
  };
  const sleep = () => {
    alarm = setTimeout(look, Math.max(0, Math.min(due - Date.now(), LONGEST_SLEEP_MS)));
  };
  sleep();
  return {
    nextRun: () => (isStopped ? undefined : pattern.next()),
    stop() {
      isStopped = true;
      clearTimeout(alarm);
      for (const timer of delays) clearTimeout(timer);
    },
  };
}
