import {
  DAY,
  intersection,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import { daysOf, planDays } from '../../api/plans.ts';
import type { FeedContext, RequestCount } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { askInParts, longestMs, SHORTER_STATE } from './parts.ts';
import { type Answered, lacksDays } from './rows.ts';
import { UsageSummary } from './schema.ts';
import { askIfReadable, askSource, toldBy } from './source-ask.ts';
import type { Source, SourceAnswer } from './source-rows.ts';

/** The first day that can be asked for. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** There are no pages: 31 days of 3,300 deployments are 550,000 values, or 760,000 with the parts of each subtotal. */
const MAX_VALUES = 800_000;

/** One answer of the summary: about the range or a part of it (always the first pages), about one day of it, or about the month to date. */
export interface SummaryPage extends Answered {
  readonly about: 'range' | 'day' | 'month';
}

export type UsagePage = SummaryPage | SourceAnswer;

/** In ranges of 31 days, or of 30 where the server refuses 31. */
export function planUsage(context: FeedContext<unknown>): Range[] {
  const since = Math.max(context.since, EARLIEST);
  return planDays({ ...context, since }, { windowMs: longestMs(context.state) });
}

/** One request; two after a range was refused as too long, one per day if a total lacks its days, and those of the month's total. */
export function usageRequests(range: Range): RequestCount {
  return {
    least: 1,
    most: 3 + daysOf(range).length + 3,
    more: 'where a server refuses 31 days, or leaves days out',
  };
}

/** Totals of categories are those of the range that was asked for, so that the month needs a request of its own. */
export async function* askUsage(
  ask: Ask,
  range: Range,
  context: FeedContext<unknown>,
): AsyncGenerator<UsagePage> {
  const { now, state } = context;
  const wholes = await askSummary(ask, range, state);
  yield* await withDays(ask, wholes);
  for (const source of ['model_apis', 'model_api_usage'] as const)
    yield* await askIfReadable(source, ask, range, context);
  if (range.end <= now) return;
  const month = { start: Math.max(startOfMonth(now), EARLIEST), end: startOfDay(now) + DAY };
  const isSame = month.start === range.start && month.end === range.end;
  const months = isSame ? wholes : await askSummary(ask, month, wholes.length > 1 ? SHORTER_STATE : state);
  for (const each of months) yield { about: 'month', ...each };
}

/** The last days of the window, limited to those that the source reports. */
export function planSource(source: Source, maxMs: number, context: FeedContext<unknown>): Range[] {
  return planUsage(context)
    .slice(0, 1)
    .flatMap((range) => intersection(range, { start: range.end - maxMs, end: range.end }) ?? [])
    .flatMap((range) => toldBy(source, range, context.now) ?? []);
}

/** Asks the source first: its own feed finds out whether the account may read it. If the rest of the bill fails, there is no statement. */
export async function* askBySource(
  source: Source,
  ask: Ask,
  range: Range,
  context: FeedContext<unknown>,
): AsyncGenerator<UsagePage> {
  yield* await askSource(source, ask, range, context);
  try {
    yield* await withDays(ask, await askSummary(ask, range, context.state));
  } catch (error) {
    if (error instanceof PollError) return;
    throw error;
  }
  yield* await askIfReadable(source === 'model_apis' ? 'model_api_usage' : 'model_apis', ask, range, context);
}

/** Also asks day by day where an answer does not say which day its money belongs to. */
async function withDays(ask: Ask, wholes: readonly Answered[]): Promise<SummaryPage[]> {
  const pages = wholes.map((whole): SummaryPage => ({ about: 'range', ...whole }));
  for (const { asked, summary } of wholes) {
    const days = daysOf(asked);
    if (days.length === 1 || !lacksDays(summary)) continue;
    for (const start of days)
      pages.push({ about: 'day', ...(await askFor(ask, { start, end: start + DAY })) });
  }
  return pages;
}

function askSummary(ask: Ask, range: Range, state: string | undefined): Promise<Answered[]> {
  return askInParts(range, state, (asked) => askFor(ask, asked));
}

/** From midnight to midnight, the end exclusive. */
async function askFor(ask: Ask, asked: Range): Promise<Answered> {
  const midnight = (at: number) => `${isoDay(at)}T00:00:00.000Z`;
  const query = { start_date: midnight(asked.start), end_date: midnight(asked.end) };
  const request = { path: '/billing/usage_summary', query, schema: UsageSummary, maxValues: MAX_VALUES };
  return { asked, summary: (await ask(request)).body };
}
