import { HOUR, MINUTE, SECOND } from '../../core/time.ts';
import { defineFeed, defineProvider, type RateLimit } from '../provider.ts';
import { askHour } from './ask.ts';
import { NorthflankConfig } from './config.ts';
import { dueHours, historyHours, memoOf } from './due.ts';
import { readHour } from './read.ts';
import type { Page } from './tree.ts';

const books = {
  stream: 'usage',
  granularity: 'hour',
  settleMs: 24 * HOUR,
  // The hour itself, the wait until it is due, and the time until it is read.
  lagMs: ({ dueAfter }: NorthflankConfig) => dueAfter + 2 * HOUR,
} as const;

/** The newest hours: each once it is due, and again while Northflank may still revise it. */
const usage = defineFeed<NorthflankConfig, Page>({
  name: 'usage',
  schedule: '*/5 * * * *',
  jitterMs: 30 * SECOND,
  books,
  plan: dueHours,
  ask: (ask, range, { config }) => askHour(ask, range, config),
  reader: (range, { config }) => {
    const pages: Page[] = [];
    return {
      take: (page) => void pages.push(page),
      done: () => readHour(pages, range, config),
    };
  },
});

/** Everything older, newest first, within its share of the request budget. */
const usageHistory = defineFeed<NorthflankConfig, Page>({
  name: 'usage_history',
  schedule: '*/10 * * * *',
  jitterMs: MINUTE,
  books,
  plan: historyHours,
  ask: (ask, range, { config }) => askHour(ask, range, config),
  reader: (range, { config, memo }) => {
    const pages: Page[] = [];
    return {
      take: (page) => void pages.push(page),
      done: () => ({ ...readHour(pages, range, config), memo: memoOf(pages.length, memo) }),
    };
  },
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
