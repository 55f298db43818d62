import { z } from 'zod';
import type { Drift } from '../../../core/statement/statement.ts';
import { DAY, HOUR, type Instant, isoDay, type Range, startOfDay } from '../../../core/values/time.ts';
import { isWithin } from '../../api/plans.ts';
import type { FeedContext, RangeReading } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import type { Request } from '../../api/request.ts';
import { defineState } from '../../api/state.ts';
import { comparableDays, reconciliationOf } from './reconcile.ts';
import { Analytics } from './schema.ts';
import { topConsumersOf } from './top-consumers.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-analytics
type AnalyticsContext = FeedContext<unknown>;

/** Closed days that are asked for, at most. */
const MAX_DAYS = 7;

/** The last time that closed days were asked for. The worst that comes of one that cannot be read is a request too many. */
export const attemptState = defineState(
  z.object({
    at: z.number(),
    /** How many of them, at most. */
    days: z.int().min(1),
    /** Whether an answer came: a query of many days may time out. */
    ok: z.boolean(),
  }),
);

/**
 * How many closed days to ask for now; 0 if it is too early.
 *
 * After an attempt without an answer they are half as many, at once; else an hour passes between two. A new UTC day starts
 * over with all of them.
 */
export function daysToAsk(last: ReturnType<typeof attemptState.read>, now: Instant): number {
  if (!last) return MAX_DAYS;
  if (!last.ok && last.days > 1) return Math.floor(last.days / 2);
  if (now >= last.at && now - last.at < HOUR) return 0;
  return startOfDay(now) === startOfDay(last.at) ? last.days : MAX_DAYS;
}

/** The current UTC day, and once an hour the closed days that the ledger can be set against. */
export function planAnalytics(context: AnalyticsContext): Range[] {
  const start = startOfDay(context.now);
  return [{ start, end: start + DAY }, ...closedDays(context)];
}

/** As one range; none if it is too early or nothing can be compared. */
function closedDays(context: AnalyticsContext): Range[] {
  const days = comparableDays(context, daysToAsk(attemptState.read(context.state), context.now));
  const [newest, oldest] = [days[0], days.at(-1)];
  return newest === undefined || oldest === undefined ? [] : [{ start: oldest, end: newest + DAY }];
}

/** Both days are included. */
export function analyticsRequest(_: unknown, { start, end }: Range): Request<Analytics> {
  const query = { startDate: isoDay(start), endDate: isoDay(end - DAY) };
  return { path: '/billing/usage-analytics', query, schema: Analytics };
}

const OTHER_DAYS: Drift = { kind: 'stray_row', what: 'analytics of days that were not asked for' };

/** Reads the current day into samples, and closed days into a reconciliation. */
export function readAnalytics(body: Analytics, context: AnalyticsContext, range: Range): RangeReading {
  const isToday = range.end > context.now;
  const state = isToday ? attemptAhead(context) : attemptAnswered(context);
  if (!isOf(range, body)) return reading({ drift: [OTHER_DAYS], state });
  const found = isToday ? topConsumersOf(body, range.end, context) : reconciliationOf(body, range, context);
  return reading({ ...found, state });
}

/** What is noted of the attempt on the closed days comes first: should they fail, fewer of them are asked for next time. */
function attemptAhead(context: AnalyticsContext): string | undefined {
  if (closedDays(context).length === 0) return undefined;
  const days = daysToAsk(attemptState.read(context.state), context.now);
  return attemptState.write({ at: context.now, days, ok: false });
}

function attemptAnswered({ state }: AnalyticsContext): string | undefined {
  const attempt = attemptState.read(state);
  return attempt && attemptState.write({ ...attempt, ok: true });
}

/** Whether an answer is of the days that were asked for: parameters may be ignored, and answers are kept for ten minutes. */
function isOf(range: Range, { byDate, byModel, byKey }: Analytics): boolean {
  if (byDate.length === 0) return byModel.length + byKey.length === 0;
  return byDate.every(({ date }) => isWithin(range, date));
}
