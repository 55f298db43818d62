import type { Drift, Reading } from '../../core/statement/statement.ts';
import { DAY, isoDay, type Range, startOfDay } from '../../core/values/time.ts';
import type { FeedContext, Reader } from '../api/provider.ts';
import { singleReader } from '../api/readers.ts';
import type { Ask } from '../api/request.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { Analytics } from './analytics-schema.ts';
import { daysToAsk, memoOfAttempt, recallAttempt } from './analytics-window.ts';
import { comparableDays, reconciliationOf } from './reconcile.ts';
import { topConsumersOf } from './top-consumers.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-analytics
type Context = FeedContext<unknown>;

/** The current UTC day, and once an hour the closed days that the ledger can be set against. */
export function planAnalytics(context: Context): Range[] {
  const start = startOfDay(context.now);
  const closed = closedDays(context);
  return [{ start, end: start + DAY }, ...(closed ? [closed] : [])];
}

function closedDays(context: Context): Range | undefined {
  const days = comparableDays(context, daysToAsk(recallAttempt(context.state), context.now));
  const [newest] = days;
  const oldest = days.at(-1);
  return newest === undefined || oldest === undefined ? undefined : { start: oldest, end: newest + DAY };
}

/** One request: both days are included. */
export async function* askAnalytics(ask: Ask, { start, end }: Range): AsyncGenerator<Analytics> {
  const query = { startDate: isoDay(start), endDate: isoDay(end - DAY) };
  yield (await ask({ path: '/billing/usage-analytics', query, schema: Analytics })).body;
}

/** Reads the current day into samples, and closed days into a reconciliation. */
export function analyticsReader(range: Range, context: Context): Reader<Analytics> {
  return singleReader((body) => {
    const reading = range.end > context.now ? todayOf(body, range, context) : closedOf(body, range, context);
    const drift = [...(reading.drift ?? []), ...unknownFieldsOf(Analytics, body)];
    return { resources: [], observations: [], ...reading, drift };
  });
}

type AnalyticsPart = Partial<Reading> & { readonly state?: string };

/** What is noted of the attempt on the closed days comes first: should they fail, fewer of them are asked for next time. */
function todayOf(body: Analytics, range: Range, context: Context): AnalyticsPart {
  const closed = closedDays(context);
  const days = closed && daysToAsk(recallAttempt(context.state), context.now);
  const state = days ? { state: memoOfAttempt({ at: context.now, days, ok: false }) } : {};
  if (!isOf(range, body)) return { drift: [OTHER_DAYS], ...state };
  return { ...topConsumersOf(body, range.end, context), ...state };
}

function closedOf(body: Analytics, range: Range, context: Context): AnalyticsPart {
  const attempt = recallAttempt(context.state);
  const state = attempt ? { state: memoOfAttempt({ ...attempt, ok: true }) } : {};
  if (!isOf(range, body)) return { drift: [OTHER_DAYS], ...state };
  return { ...reconciliationOf(body, range, context), ...state };
}

const OTHER_DAYS: Drift = { kind: 'stray_row', what: 'analytics of days that were not asked for' };

/** Whether an answer is of the days that were asked for: parameters may be ignored, and answers are kept for ten minutes. */
function isOf({ start, end }: Range, { byDate, byModel, byKey }: Analytics): boolean {
  if (byDate.length === 0) return byModel.length + byKey.length === 0;
  return byDate.every(({ date }) => date >= start && date < end);
}
