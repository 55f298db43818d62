import { z } from 'zod';
import { HOUR, type Instant, startOfDay } from '../../../core/values/time.ts';
import { defineState } from '../../api/state.ts';

/** Closed days that are asked for, at most. */
const MAX_DAYS = 7;

/** The last time that closed days were asked for. */
const Attempt = z.object({
  at: z.number(),
  /** How many of them, at most. */
  days: z.int().min(1),
  /** Whether an answer came: a query of many days may time out. */
  ok: z.boolean(),
});

/** The worst that comes of one that cannot be read is a request too many. */
export const attemptState = defineState(Attempt);

/**
 * How many closed days to ask for now; 0 if it is too early.
 *
 * After an attempt without an answer they are half as many, at once; else an hour passes between two. A new UTC day starts
 * over with all of them.
 */
export function daysToAsk(last: z.infer<typeof Attempt> | undefined, now: Instant): number {
  if (!last) return MAX_DAYS;
  if (!last.ok && last.days > 1) return Math.floor(last.days / 2);
  if (now >= last.at && now - last.at < HOUR) return 0;
  return startOfDay(now) === startOfDay(last.at) ? last.days : MAX_DAYS;
}
