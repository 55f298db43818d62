import { z } from 'zod';
import { DAY, HOUR, type Range, SECOND } from '../../core/values/time.ts';
import { askBucketPages, type BucketPage } from '../api/bucket-pages.ts';
import { pagesReader } from '../api/feeds.ts';
import { namesFeed } from '../api/names.ts';
import { planDays, planHours } from '../api/plans.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { readCosts, readUsage } from './read.ts';
import { type AnthropicCostRow, type AnthropicUsageRow, CostReport, UsageReport } from './schema.ts';

const AnthropicConfig = z.strictObject({});
type AnthropicConfig = z.infer<typeof AnthropicConfig>;

const KEY = 'an admin key (`sk-ant-admin...`) of an organization';

/**
 * One page of as many buckets as a page may have: https://platform.claude.com/docs/en/api/admin/usage_report. Reading all of them
 * again takes no more requests than reading a few.
 */
const COSTS_PAGE_MS = 31 * DAY;
const USAGE_PAGE_MS = 168 * HOUR;

/** Buckets that end at `ending_at` are the last: a full hour or midnight, for the start is snapped to one. */
function queryOf({ start, end }: Range, width: string, sizeMs: number) {
  return {
    starting_at: rfc3339(start),
    ending_at: rfc3339(end),
    bucket_width: width,
    limit: String((end - start) / sizeMs),
  };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

const costs = defineFeed<AnthropicConfig, BucketPage<AnthropicCostRow>>({
  name: 'costs',
  schedule: '*/15 * * * *',
  jitterMs: 30 * SECOND,
  stream: { name: 'costs', granularity: 'day', settleMs: COSTS_PAGE_MS - DAY, sharedResources: true },
  after: ['workspaces'],
  plan: (context) => planDays(context, { windowMs: COSTS_PAGE_MS }),
  ask: (ask, range) =>
    askBucketPages(
      ask,
      {
        path: '/organizations/cost_report',
        query: queryOf(range, '1d', DAY),
        lists: { 'group_by[]': ['workspace_id', 'description'] },
        schema: CostReport,
      },
      KEY,
    ),
  reader: (range, context) => pagesReader((pages) => readCosts(pages, range, context)),
});

const usage = defineFeed<AnthropicConfig, BucketPage<AnthropicUsageRow>>({
  name: 'usage',
  schedule: '5-59/15 * * * *',
  jitterMs: 30 * SECOND,
  // The open hour, and one more, so that each is read once after it has settled.
  stream: { name: 'usage', granularity: 'hour', settleMs: USAGE_PAGE_MS - 2 * HOUR, sharedResources: true },
  after: ['workspaces'],
  plan: (context) => planHours(context, { windowMs: USAGE_PAGE_MS }),
  ask: (ask, range) =>
    askBucketPages(
      ask,
      {
        path: '/organizations/usage_report/messages',
        query: queryOf(range, '1h', HOUR),
        lists: { 'group_by[]': ['workspace_id', 'model', 'service_tier'] },
        schema: UsageReport,
      },
      KEY,
    ),
  reader: (range, context) => pagesReader((pages) => readUsage(pages, range, context)),
});

// https://platform.claude.com/docs/en/api/admin/workspaces/list
const workspaces = namesFeed<AnthropicConfig>('workspaces', '11 * * * *', {
  path: '/organizations/workspaces',
  query: { limit: '1000', include_archived: 'true' },
  cursor: 'after_id',
  unused: [
    ...['type', 'created_at', 'archived_at', 'display_color', 'data_residency'],
    ...['compartment_id', 'external_key_id', 'tags'],
  ],
});

/** https://platform.claude.com: Claude models by the token. */
export const anthropic = defineProvider<AnthropicConfig>({
  id: 'anthropic',
  title: 'Anthropic',
  baseUrl: 'https://api.anthropic.com',
  versionPrefix: '/v1',
  environmentKey: 'ANTHROPIC_ADMIN_KEY',
  keyHelp: KEY,
  freshness: 'Read every 15 minutes, minutes after use; a day is read again for 30 days, an hour for a week.',
  config: AnthropicConfig,
  headers: (_, key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  // https://platform.claude.com/docs/en/manage-claude/usage-cost-api: once a minute on average, bursts for pages.
  requestBudget: { requests: 60, perMs: HOUR },
  feeds: [costs, usage, workspaces],
});
