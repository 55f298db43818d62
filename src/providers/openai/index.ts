import { z } from 'zod';
import { DAY, HOUR, SECOND } from '../../core/values/time.ts';
import { askBucketPages, type BucketPage } from '../api/bucket-pages.ts';
import { pagesReader } from '../api/feeds.ts';
import { namesFeed } from '../api/names.ts';
import { planDays, planHours } from '../api/plans.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { costsRequest, readCosts } from './costs.ts';
import type { OpenAiCostRow } from './schema.ts';
import { askUsage, readUsage, type UsageAnswer, usageRequests } from './usage.ts';

const OpenAiConfig = z.strictObject({});
type OpenAiConfig = z.infer<typeof OpenAiConfig>;

const KEY = 'an admin key (`sk-admin-...`) that may read usage';

/** How long after its end a day may still change: not documented. */
const COSTS_SETTLE_MS = 3 * DAY;
const USAGE_SETTLE_MS = 2 * DAY;

const costs = defineFeed<OpenAiConfig, BucketPage<OpenAiCostRow>>({
  name: 'costs',
  schedule: '*/15 * * * *',
  jitterMs: 30 * SECOND,
  stream: { name: 'costs', granularity: 'day', settleMs: COSTS_SETTLE_MS, sharedResources: true },
  after: ['projects'],
  plan: (context) => planDays(context, { windowMs: COSTS_SETTLE_MS + DAY, maxRangeMs: 31 * DAY }),
  ask: (ask, range) => askBucketPages(ask, costsRequest(range), KEY),
  reader: (range, context) => pagesReader((pages) => readCosts(pages, range, context)),
});

// https://developers.openai.com/api/reference/resources/organization/subresources/projects/methods/list
const projects = namesFeed<OpenAiConfig>('projects', '11 * * * *', {
  path: '/organization/projects',
  query: { limit: '100', include_archived: 'true' },
  cursor: 'after',
  unused: ['object', 'created_at', 'archived_at', 'status', 'external_key_id', 'residency'],
});

const usage = defineFeed<OpenAiConfig, UsageAnswer>({
  name: 'usage',
  schedule: '5-59/15 * * * *',
  jitterMs: 30 * SECOND,
  stream: { name: 'usage', granularity: 'hour', settleMs: USAGE_SETTLE_MS, sharedResources: true },
  after: ['projects'],
  // The open hour, and one more, so that each is read once after it has settled. A page has 168 hours at most.
  plan: (context) => planHours(context, { windowMs: USAGE_SETTLE_MS + 2 * HOUR, maxRangeMs: 168 * HOUR }),
  requests: usageRequests,
  ask: (ask, range) => askUsage(ask, range, KEY),
  reader: (range, context) => pagesReader((answers) => readUsage(answers, range, context)),
});

/** https://platform.openai.com: models by the token. */
export const openai = defineProvider<OpenAiConfig>({
  id: 'openai',
  title: 'OpenAI',
  baseUrl: 'https://api.openai.com',
  versionPrefix: '/v1',
  environmentKey: 'OPENAI_ADMIN_KEY',
  keyHelp: KEY,
  freshness: 'Read every 15 minutes; costs of a day may change for 3 days, tokens of an hour for 48 hours.',
  config: OpenAiConfig,
  feeds: [costs, usage, projects],
});
