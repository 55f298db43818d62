import { MINUTE, SECOND } from '../../core/values/time.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { singleReader } from '../api/readers.ts';
import { analyticsReader, askAnalytics, planAnalytics } from './analytics.ts';
import type { Analytics } from './analytics-schema.ts';
import { type AccountPage, askAccount, readAccount } from './balance.ts';
import { Config } from './config.ts';
import { RateLimits, readLimits } from './limits.ts';
import { planHistory, planRecent, planTail, SETTLE_MS } from './plan.ts';
import { rateLimit } from './rate-limit.ts';
import { usageReader } from './read.ts';
import type { UsageApiPage } from './schema.ts';
import { usagePages } from './usage-api.ts';

/** All of them read the same ledger, further back the seldomer they do. */
const STREAM = { name: 'usage', granularity: 'minute', settleMs: SETTLE_MS } as const;

/** The last minutes, rows of the open one included. */
const usage = defineFeed<Config, UsageApiPage>({
  name: 'usage',
  schedule: '* * * * *',
  jitterMs: 10 * SECOND,
  stream: STREAM,
  plan: planTail,
  ask: usagePages,
  reader: (range, context) => usageReader({ range, context, readsHistory: false }),
});

/** The last hours, where rows come in late. */
const usageRecent = defineFeed<Config, UsageApiPage>({
  name: 'usage_recent',
  schedule: '7 * * * *',
  jitterMs: 2 * MINUTE,
  stream: STREAM,
  plan: planRecent,
  ask: usagePages,
  reader: (range, context) => usageReader({ range, context, readsHistory: false }),
});

/** Days that may still be revised, and whatever was never read. */
const usageHistory = defineFeed<Config, UsageApiPage>({
  name: 'usage_history',
  schedule: '17 0 * * *',
  jitterMs: 20 * MINUTE,
  stream: STREAM,
  plan: planHistory,
  ask: usagePages,
  reader: (range, context) => usageReader({ range, context, readsHistory: true }),
});

/** What is left to spend, and what each key may. */
const balance = defineFeed<Config, AccountPage>({
  name: 'balance',
  schedule: '*/5 * * * *',
  jitterMs: 20 * SECOND,
  optional: true,
  plan: ({ now }) => [{ start: now, end: now }],
  ask: askAccount,
  reader: (_, context) => singleReader((page) => readAccount(page, context)),
});

/** Spend of today by key and model. Answers are kept for ten minutes; the first of a day is asked for when it has well begun. */
const analytics = defineFeed<Config, Analytics>({
  name: 'analytics',
  schedule: '4-59/10 * * * *',
  jitterMs: 30 * SECOND,
  optional: true,
  plan: planAnalytics,
  ask: askAnalytics,
  reader: analyticsReader,
});

/** The tier of the account and what it allows. */
const rateLimits = defineFeed<Config, RateLimits>({
  name: 'rate_limits',
  schedule: '23 * * * *',
  jitterMs: 2 * MINUTE,
  optional: true,
  plan: ({ now }) => [{ start: now, end: now }],
  async *ask(ask) {
    yield (await ask({ path: '/api_keys/rate_limits', schema: RateLimits })).body;
  },
  reader: (_, { now }) => singleReader((body) => readLimits(body, now)),
});

/** Venice.ai: https://docs.venice.ai/api-reference/endpoint/billing/usage-history */
export const venice = defineProvider<Config>({
  id: 'venice',
  title: 'Venice.ai',
  baseUrl: 'https://api.venice.ai',
  versionPrefix: '/api/v1',
  environmentKey: 'VENICE_API_KEY',
  config: Config,
  // Both endpoints answer CSV to who accepts it.
  headers: (_config, key) => ({ authorization: `Bearer ${key}`, accept: 'application/json' }),
  rateLimit,
  feeds: [usage, usageRecent, usageHistory, balance, analytics, rateLimits],
});
