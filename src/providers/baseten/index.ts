import { z } from 'zod';
import { DAY, type Range, SECOND } from '../../core/values/time.ts';
import { defineFeed, defineProvider, type FeedContext } from '../api/provider.ts';
import type { Ask } from '../api/request.ts';
import { askInParts, SHORTER_MEMO } from './longest.ts';
import { lookups } from './lookups.ts';
import { namesOf } from './names.ts';
import { boundsOf, daysOf, isCurrent, monthToDate, rangesToRead } from './plan.ts';
import { type AnswersOfRange, usageReader } from './read.ts';
import { UsageSummary } from './schema.ts';
import { lacksDays } from './usage.ts';

/** `Bearer` is what newer documentation names; `Api-Key` works by both. */
const Config = z.strictObject({ auth: z.enum(['Api-Key', 'Bearer']).default('Api-Key') });
type Config = z.infer<typeof Config>;

/** https://docs.baseten.co/reference/management-api/rate-limits: seconds, in the body of a 429. */
const TooMany = z.object({
  retry_after: z.union([
    z.number().nonnegative(),
    z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number),
  ]),
});

const usage = defineFeed<Config, AnswersOfRange>({
  name: 'usage',
  // Data moves hourly: https://docs.baseten.co/organization/billing
  schedule: '*/15 * * * *',
  jitterMs: 30 * SECOND,
  stream: { name: 'usage', granularity: 'day', settleMs: 31 * DAY },
  plan: rangesToRead,
  ask: askUsage,
  reader: (_, context) => usageReader(namesOf(context)),
});

/** There are no pages: 31 days of 3,300 deployments are 550,000 values, or 760,000 with the parts of each subtotal. */
const MAX_VALUES = 800_000;

/** Totals of categories hold for the range that was asked, so that those of the month need a request of their own. */
async function* askUsage(
  ask: Ask,
  range: Range,
  { now, state }: FeedContext<Config>,
): AsyncGenerator<AnswersOfRange> {
  const answer = async (asked: Range) => ({ asked, summary: await summaryOf(ask, asked) });
  const wholes = await askInParts(range, state, answer);
  for (const whole of wholes) yield { about: 'range', ...whole };
  for (const { asked, summary } of wholes) {
    const days = daysOf(asked);
    if (days.length === 1 || !lacksDays(summary)) continue;
    for (const start of days) yield { about: 'day', ...(await answer({ start, end: start + DAY })) };
  }
  if (!isCurrent(range, now)) return;
  const month = monthToDate(now);
  const isSame = month.start === range.start && month.end === range.end;
  const known = wholes.length > 1 ? SHORTER_MEMO : state;
  const months = isSame ? wholes : await askInParts(month, known, answer);
  for (const each of months) yield { about: 'month', ...each };
}

async function summaryOf(ask: Ask, range: Range): Promise<UsageSummary> {
  const path = '/billing/usage_summary';
  return (await ask({ path, query: boundsOf(range), schema: UsageSummary, maxValues: MAX_VALUES })).body;
}

/** https://www.baseten.co: dedicated inference, training and model APIs. */
export const baseten = defineProvider<Config>({
  id: 'baseten',
  title: 'Baseten',
  baseUrl: 'https://api.baseten.co',
  versionPrefix: '/v1',
  environmentKey: 'BASETEN_API_KEY',
  config: Config,
  headers: ({ auth }, key) => ({ authorization: `${auth} ${key}` }),
  // None are documented.
  rateLimit: () => ({}),
  retryAfterOfBody: (body) => TooMany.safeParse(body).data?.retry_after,
  // https://docs.baseten.co/reference/management-api/rate-limits
  requestBudget: { requests: 100, perMs: SECOND },
  feeds: [usage, ...lookups],
});
