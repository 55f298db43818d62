import type { Charge } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import {
  bucketsIn,
  DAY,
  type Instant,
  isoDay,
  MINUTE,
  type Range,
  startOfDay,
} from '../../core/values/time.ts';
import { DriftLog } from '../api/drift-log.ts';
import { adviseOnRefusal, isBadRequest } from '../api/errors.ts';
import { isWithin } from '../api/plans.ts';
import type { FeedContext, RangeReading } from '../api/provider.ts';
import { note, reading } from '../api/readings.ts';
import type { Ask } from '../api/request.ts';
import { Activity, type OpenRouterActivity } from './schema.ts';

/** Requests are counted to the day on which they began, so a day is whole only some time after its end. */
const WAIT_MS = 30 * MINUTE;
/** Completed days that may be asked for. */
const WINDOW_DAYS = 30;

/** Each completed day once, and again a day later; newest first. */
export function planActivity({ now, since, coverage }: FeedContext<unknown>): Range[] {
  const start = Math.max(startOfDay(since), oldestDay(now));
  const isDue = (day: Instant) => {
    const whole = day + DAY + WAIT_MS;
    const asOf = coverage.asOf(day);
    if (asOf === undefined || asOf < whole) return now >= whole;
    return asOf < whole + DAY && now >= whole + DAY;
  };
  return bucketsIn(DAY, { start, end: startOfDay(now) })
    .filter(isDue)
    .map((day) => ({ start: day, end: day + DAY }))
    .reverse();
}

function oldestDay(now: Instant): Instant {
  return startOfDay(now) - WINDOW_DAYS * DAY;
}

/** The rows of a day; undefined if it has left the window meanwhile. */
export async function askActivity(
  ask: Ask,
  { start }: Range,
  { now }: FeedContext<unknown>,
  needed: string,
): Promise<Activity | undefined> {
  try {
    const request = { path: '/activity', query: { date: isoDay(start) }, schema: Activity };
    return (await adviseOnRefusal(ask(request), needed)).body;
  } catch (error) {
    if (start === oldestDay(now) && isBadRequest(error)) return undefined;
    throw error;
  }
}

/** Reads what a day cost at OpenRouter, and its requests and tokens, those with keys of the user's own included. */
export function readActivity(
  activity: Activity | undefined,
  range: Range,
  { netCost }: FeedContext<unknown>,
): RangeReading {
  const day = isoDay(range.start);
  if (!activity) return reading({ notes: [note(day, 'is no longer told: its cost stays unknown')] });
  const drift = new DriftLog();
  const rows = activity.data.filter(({ date }) => isWithin(range, date));
  for (const { date } of activity.data) if (!isWithin(range, date)) drift.add('stray_row', isoDay(date));
  // Usage of a completed day does not end: without rows, nothing was told.
  if (rows.length === 0 && (netCost(range)?.usd ?? 0n) !== 0n)
    return reading({ drift: drift.list(), notes: [note(day, 'is empty now: keeping its cost', true)] });
  const statement = {
    granularity: 'day',
    range,
    charges: rows.flatMap(chargesOf),
    omittedTiers: [],
  } as const;
  return reading({ statement, drift: drift.list() });
}

function chargesOf(row: OpenRouterActivity): Charge[] {
  const labels = { at: row.date, resource: '', model: row.model ?? '', tier: row.provider_name ?? '' };
  const charge = (measure: Charge['measure'], detail: string, value: Fixed | null | undefined): Charge[] =>
    value ? [{ ...labels, measure, detail, value }] : [];
  return [
    { ...labels, measure: 'cost', detail: 'USD', value: row.usage },
    ...charge('component_cost', 'byok_inference', row.byok_usage_inference),
    ...charge('tokens', 'input', row.prompt_tokens),
    ...charge('tokens', 'output', row.completion_tokens),
    ...charge('requests', '', row.requests),
  ];
}
