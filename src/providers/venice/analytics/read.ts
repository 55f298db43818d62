import type { Drift } from '../../../core/statement/statement.ts';
import { DAY, isoDay, type Range, startOfDay } from '../../../core/values/time.ts';
import { isWithin } from '../../api/plans.ts';
import type { FeedContext, RangeReading } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import type { Request } from '../../api/request.ts';
import { comparableDays, reconciliationOf } from './reconcile.ts';
import { Analytics } from './schema.ts';
import { topConsumersOf } from './top-consumers.ts';
import { attemptState, daysToAsk } from './window.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-analytics
type AnalyticsContext = FeedContext<unknown>;

/** The current UTC day, and once an hour the closed days that the ledger can be set against. */
export function planAnalytics(context: AnalyticsContext): Range[] {
  const start = startOfDay(context.now);
  const closed = closedDays(context);
  return [{ start, end: start + DAY }, ...(closed ? [closed] : [])];
}

function closedDays(context: AnalyticsContext): Range | undefined {
  const days = comparableDays(context, daysToAsk(attemptState.read(context.state), context.now));
  const [newest] = days;
  const oldest = days.at(-1);
  return newest === undefined || oldest === undefined ? undefined : { start: oldest, end: newest + DAY };
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
  if (!closedDays(context)) return undefined;
  const days = daysToAsk(attemptState.read(context.state), context.now);
  return days ? attemptState.write({ at: context.now, days, ok: false }) : undefined;
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
