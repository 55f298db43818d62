import { DAY, type Range } from '../../../core/values/time.ts';
import { daysOf } from '../../api/plans.ts';
import type { FeedContext } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { askInParts, SHORTER_STATE } from './longest.ts';
import { boundsOf, monthToDate } from './plan.ts';
import { type Answered, lacksDays } from './rows.ts';
import { UsageSummary } from './schema.ts';

/** There are no pages: 31 days of 3,300 deployments are 550,000 values, or 760,000 with the parts of each subtotal. */
const MAX_VALUES = 800_000;

/** One answer: about the range or a part of it (always the first pages), about one day of it, or about the month to date. */
export interface UsagePage extends Answered {
  readonly about: 'range' | 'day' | 'month';
}

/** Totals of categories are those of the range that was asked for, so that the month needs a request of its own. */
export async function* askUsage(
  ask: Ask,
  range: Range,
  { now, state }: FeedContext<unknown>,
): AsyncGenerator<UsagePage> {
  const answer = async (asked: Range) => ({ asked, summary: await summaryOf(ask, asked) });
  const wholes = await askInParts(range, state, answer);
  for (const whole of wholes) yield { about: 'range', ...whole };
  for (const { asked, summary } of wholes) {
    const days = daysOf(asked);
    if (days.length === 1 || !lacksDays(summary)) continue;
    for (const start of days) yield { about: 'day', ...(await answer({ start, end: start + DAY })) };
  }
  if (range.end <= now) return;
  const month = monthToDate(now);
  const isSame = month.start === range.start && month.end === range.end;
  const known = wholes.length > 1 ? SHORTER_STATE : state;
  const months = isSame ? wholes : await askInParts(month, known, answer);
  for (const each of months) yield { about: 'month', ...each };
}

async function summaryOf(ask: Ask, range: Range): Promise<UsageSummary> {
  const path = '/billing/usage_summary';
  return (await ask({ path, query: boundsOf(range), schema: UsageSummary, maxValues: MAX_VALUES })).body;
}
