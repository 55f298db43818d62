import cron from 'node-cron';
import { type Instant, SECOND } from '../core/time.ts';

export interface Schedule {
  /** When the next run is due, without jitter; undefined once stopped. */
  nextRun(): Instant | undefined;
  stop(): void;
}

export interface ScheduleOptions {
  /** A cron line in UTC, five or six fields. */
  readonly line: string;
  /** Upper bound of the random delay of each run; at most a tenth of the time between two. */
  readonly jitterMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly run: () => void;
}

/**
 * Runs by a cron line in UTC. A run that was missed because the process was busy or asleep is caught up once, at once.
 *
 * Whether two runs may overlap is the caller's to say: a run that is still going on is not started again.
 */
export function schedule({ line, jitterMs, random, run }: ScheduleOptions): Schedule {
  const delays = new Set<NodeJS.Timeout>();
  const [first, second] = cron.createTask(line, () => {}, { timezone: 'UTC' }).getNextRuns(2);
  const periodMs = first && second ? second.getTime() - first.getTime() : SECOND;
  const task = cron.schedule(
    line,
    () => {
      const timer = setTimeout(
        () => {
          delays.delete(timer);
          run();
        },
        random() * Math.min(jitterMs, periodMs / 10),
      );
      delays.add(timer);
    },
    { timezone: 'UTC', suppressMissedWarning: true },
  );
  task.on('execution:missed', run);
  return {
    nextRun: () => task.getNextRun()?.getTime(),
    stop() {
      for (const timer of delays) clearTimeout(timer);
      void task.destroy();
    },
  };
}
