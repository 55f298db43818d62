import { HOUR, MINUTE, type Range, SECOND } from '../../core/time.ts';
import { defineFeed, defineProvider, type FeedContext, type RateLimit, type Reader } from '../provider.ts';
import { scopeOf } from './answered.ts';
import { askHour } from './ask.ts';
import { NorthflankConfig } from './config.ts';
import { dueHours, historyHours } from './due.ts';
import { readHour } from './read.ts';
import type { Page } from './tree.ts';

const books = {
  stream: 'usage',
  granularity: 'hour',
  settleMs: 24 * HOUR,
  // The hour itself, the wait until it is due, and the time until it is read.
  lagMs: ({ dueAfter }: NorthflankConfig) => dueAfter + 2 * HOUR,
} as const;

/** How both feeds walk through an hour and read it. */
const hourly = {
  books,
  ask: askHour,
  reader: (range: Range, { config }: FeedContext<NorthflankConfig>): Reader<Page> => {
    const pages: Page[] = [];
    return {
      take: (page) => void pages.push(page),
      done: () => ({ ...readHour(pages, range, config), ...(pages[0]?.hour && { memo: scopeOf(config) }) }),
    };
  },
} as const;

/** The newest hours: each once it is due, and again while Northflank may still revise it. */
const usage = defineFeed<NorthflankConfig, Page>({
  ...hourly,
  name: 'usage',
  schedule: '*/5 * * * *',
  jitterMs: 30 * SECOND,
  plan: dueHours,
});

/** Everything older, newest first, while enough of the request budget is left for `usage`. */
const usageHistory = defineFeed<NorthflankConfig, Page>({
  ...hourly,
  name: 'usage_history',
  schedule: '*/10 * * * *',
  jitterMs: MINUTE,
  leaves: 400,
  plan: historyHours,
});

/** Northflank: the hourly billing API, in the legacy contract (cents) and the current one (units of a currency). */
export const northflank = defineProvider<NorthflankConfig>({
  id: 'northflank',
  title: 'Northflank',
  baseUrl: 'https://api.northflank.com',
  versionPrefix: '/v1',
  environmentKey: 'NORTHFLANK_API_TOKEN',
  config: NorthflankConfig,
  headers: (_config, key) => ({ authorization: `Bearer ${key}` }),
  rateLimit,
  // https://northflank.com/docs/v1/api/use-the-api: 1000 requests an hour for an account.
  requestBudget: { requests: 1000, perMs: HOUR },
  feeds: [usage, usageHistory],
});

/** `x-ratelimit-reset` counts seconds from now. https://northflank.com/docs/v1/api/use-the-api */
function rateLimit(headers: Readonly<Record<string, string>>, now: number): RateLimit {
  const remaining = countOf(headers['x-ratelimit-remaining']);
  const reset = countOf(headers['x-ratelimit-reset']);
  return {
    ...(remaining !== undefined && { remaining }),
    ...(reset !== undefined && { resetAt: now + reset * SECOND }),
  };
}

function countOf(text: string | undefined): number | undefined {
  const count = Number(text?.trim() || Number.NaN);
  return count >= 0 ? count : undefined;
}
