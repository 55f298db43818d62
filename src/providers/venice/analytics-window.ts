import { z } from 'zod';
import { HOUR, type Instant, startOfDay } from '../../core/values/time.ts';

/** Closed days that are asked for, at most. */
const MOST_DAYS = 7;

/** The last time that closed days were asked for. */
const Attempt = z.object({
  at: z.number(),
  /** How many of them, at most. */
  days: z.int().min(1),
  /** Whether an answer came: a query of many days may time out. */
  ok: z.boolean(),
});
export type AnalyticsAttempt = z.infer<typeof Attempt>;

/** Reads a state. What cannot be read is forgotten: the worst that comes of it is a request too many. */
export function recallAttempt(state: string | undefined): AnalyticsAttempt | undefined {
  try {
    return Attempt.safeParse(JSON.parse(state ?? '')).data;
  } catch {
    return undefined;
  }
}

export function memoOfAttempt({ at, days, ok }: AnalyticsAttempt): string {
  return JSON.stringify({ at, days, ok });
}

/**
 * How many closed days to ask for now; 0 where it is too early.
 *
 * After an attempt without an answer they are half as many, at once; else an hour passes between two. A new UTC day starts
 * over with all of them.
 */
export function daysToAsk(last: AnalyticsAttempt | undefined, now: Instant): number {
  if (!last) return MOST_DAYS;
  if (!last.ok && last.days > 1) return Math.floor(last.days / 2);
  if (now >= last.at && now - last.at < HOUR) return 0;
  return startOfDay(now) === startOfDay(last.at) ? last.days : MOST_DAYS;
}
