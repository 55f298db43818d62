import { MINUTE, SECOND } from '../../core/values/time.ts';
import { snapshotFeed } from '../api/feeds.ts';
import { defineFeed, defineProvider, type Feed } from '../api/provider.ts';
import { askAccount, readAccount } from './account/balance.ts';
import { RateLimits, rateLimit, readLimits } from './account/limits.ts';
import { analyticsRequest, planAnalytics, readAnalytics } from './analytics/read.ts';
import { VIRTUAL_CURRENCIES } from './usage/aggregator.ts';
import { usagePages, VeniceConfig } from './usage/ask.ts';
import { planHistory, planRecent, planTail, SETTLE_MS } from './usage/plan.ts';
import { usageReader } from './usage/read.ts';
import type { UsageApiPage } from './usage/schema.ts';

type UsageFeed = Pick<Feed<VeniceConfig, UsageApiPage>, 'name' | 'schedule' | 'jitterMs' | 'plan'>;

/** All of them read the same ledger; those that read less often reach further back. */
function usageFeed(feed: UsageFeed, readsHistory = false) {
  return defineFeed<VeniceConfig, UsageApiPage>({
    ...feed,
    stream: { name: 'usage', granularity: 'minute', settleMs: SETTLE_MS },
    requests: () => ({ least: 1, most: undefined, more: 'where a day has over 1,000 rows' }),
    ask: usagePages,
    reader: (range, context) => usageReader({ range, context, readsHistory }),
  });
}

/** The last minutes, rows of the open one included. */
const usage = usageFeed({ name: 'usage', schedule: '* * * * *', jitterMs: 10 * SECOND, plan: planTail });

/** The last hours, where rows come in late. */
const usageRecent = usageFeed({
  name: 'usage_recent',
  schedule: '7 * * * *',
  jitterMs: 2 * MINUTE,
  plan: planRecent,
});

/** Days that may still be revised, and whatever was never read. */
const usageHistory = usageFeed(
  { name: 'usage_history', schedule: '17 0 * * *', jitterMs: 20 * MINUTE, plan: planHistory },
  true,
);

/** What is left to spend, and what each key may. */
const balance = snapshotFeed({
  name: 'balance',
  schedule: '*/5 * * * *',
  jitterMs: 20 * SECOND,
  optional: true,
  ask: askAccount,
  read: readAccount,
});

/** Spend of today by key and model. Answers are kept for ten minutes; the first of a day is asked for when it has well begun. */
const analytics = snapshotFeed({
  name: 'analytics',
  schedule: '4-59/10 * * * *',
  optional: true,
  plan: planAnalytics,
  request: analyticsRequest,
  read: readAnalytics,
});

/** The tier of the account and what it allows. */
const rateLimits = snapshotFeed({
  name: 'rate_limits',
  schedule: '23 * * * *',
  jitterMs: 2 * MINUTE,
  optional: true,
  request: () => ({ path: '/api_keys/rate_limits', schema: RateLimits }),
  read: readLimits,
});

/** Venice.ai: https://docs.venice.ai/api-reference/endpoint/billing/usage-history */
export const venice = defineProvider<VeniceConfig>({
  id: 'venice',
  title: 'Venice.ai',
  baseUrl: 'https://api.venice.ai',
  versionPrefix: '/api/v1',
  environmentKey: 'VENICE_API_KEY',
  keyHelp: 'a key of type Admin',
  freshness: 'Read every minute; charges may arrive or be refunded for 48 hours.',
  config: VeniceConfig,
  // Both usage endpoints answer CSV unless JSON is asked for.
  headers: (_, key) => ({ authorization: `Bearer ${key}`, accept: 'application/json' }),
  rateLimit,
  currencies: VIRTUAL_CURRENCIES,
  feeds: [usage, usageRecent, usageHistory, balance, analytics, rateLimits],
});
