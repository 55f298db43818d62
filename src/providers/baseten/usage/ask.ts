import { z } from 'zod';
import { DAY, isoDay, type Range, startOfDay, startOfMonth } from '../../../core/values/time.ts';
import { isBadRequest } from '../../api/errors.ts';
import { daysOf, planDays } from '../../api/plans.ts';
import type { FeedContext, RequestCount } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { defineState } from '../../api/state.ts';
import { type Answered, lacksDays } from './rows.ts';
import { UsageSummary } from './schema.ts';

/** The first day that can be asked for. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** There are no pages: 31 days of 3,300 deployments are 550,000 values, or 760,000 with the parts of each subtotal. */
const MAX_VALUES = 800_000;
/** The longest range that is documented. */
const DOCUMENTED_MS = 31 * DAY;
/** Servers were seen that count 31 days with an exclusive end as 32, and refuse them. */
const SHORTER_MS = 30 * DAY;

const longest = defineState(z.object({ longestDays: z.literal(30) }));
/** What the feed remembers once a server has refused 31 days and answered 30. */
export const SHORTER_STATE = longest.write({ longestDays: 30 });

/** One answer: about the range or a part of it (always the first pages), about one day of it, or about the month to date. */
export interface UsagePage extends Answered {
  readonly about: 'range' | 'day' | 'month';
}

/** In ranges of 31 days, or of 30 where the server refuses 31. */
export function planUsage(context: FeedContext<unknown>): Range[] {
  const since = Math.max(context.since, EARLIEST);
  return planDays({ ...context, since }, { windowMs: longestMs(context.state) });
}

/** A range is asked for in two parts after it was refused as too long, day by day if a total lacks its days, and with the month's total. */
export function usageRequests(range: Range): RequestCount {
  return {
    least: 1,
    most: 3 + daysOf(range).length + 3,
    more: 'if a server refuses 31 days, or leaves days out',
  };
}

/** Totals of categories are those of the range that was asked for, so that the month needs a request of its own. */
export async function* askUsage(
  ask: Ask,
  range: Range,
  { now, state }: FeedContext<unknown>,
): AsyncGenerator<UsagePage> {
  const wholes = await askRange(ask, range, state);
  for (const whole of wholes) yield { about: 'range', ...whole };
  for (const { asked, summary } of wholes) {
    const days = daysOf(asked);
    if (days.length === 1 || !lacksDays(summary)) continue;
    for (const start of days) yield { about: 'day', ...(await askFor(ask, { start, end: start + DAY })) };
  }
  if (range.end <= now) return;
  const month = { start: Math.max(startOfMonth(now), EARLIEST), end: startOfDay(now) + DAY };
  const isSame = month.start === range.start && month.end === range.end;
  const months = isSame ? wholes : await askRange(ask, month, wholes.length > 1 ? SHORTER_STATE : state);
  for (const each of months) yield { about: 'month', ...each };
}

/**
 * Asks for a range in as few parts as the server answers: one that is refused although it is no longer than documented is asked for in
 * shorter parts at once.
 *
 * @throws {PollError} if these are refused, too.
 */
async function askRange(ask: Ask, range: Range, state: string | undefined): Promise<Answered[]> {
  const maxMs = longestMs(state);
  try {
    return await askInParts(ask, range, maxMs);
  } catch (error) {
    const isShort = maxMs === SHORTER_MS || range.end - range.start <= SHORTER_MS;
    if (isShort || !isBadRequest(error)) throw error;
    return askInParts(ask, range, SHORTER_MS);
  }
}

/** The longest range that this account's server answers, as far as is known. */
function longestMs(state: string | undefined): number {
  return longest.read(state) ? SHORTER_MS : DOCUMENTED_MS;
}

/** The newest part first. */
async function askInParts(ask: Ask, { start, end }: Range, maxMs: number): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (let until = end; until > start; until -= maxMs)
    answers.push(await askFor(ask, { start: Math.max(start, until - maxMs), end: until }));
  return answers;
}

/** From midnight to midnight, the end exclusive. */
async function askFor(ask: Ask, asked: Range): Promise<Answered> {
  const midnight = (at: number) => `${isoDay(at)}T00:00:00.000Z`;
  const query = { start_date: midnight(asked.start), end_date: midnight(asked.end) };
  const request = { path: '/billing/usage_summary', query, schema: UsageSummary, maxValues: MAX_VALUES };
  return { asked, summary: (await ask(request)).body };
}
