import { z } from 'zod';
import { DAY, HOUR, SECOND } from '../../core/values/time.ts';
import { pagesReader } from '../api/feeds.ts';
import { planHours } from '../api/plans.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { rateLimit } from './rate-limit.ts';
import { askUsage, type ProductBill, readUsage, usageRequests } from './usage.ts';

const RunPodConfig = z.strictObject({});
type RunPodConfig = z.infer<typeof RunPodConfig>;

const KEY = 'an API key that may read billing';

/** Records are posted hours late: how many is not documented. */
const SETTLE_MS = 2 * DAY;

const usage = defineFeed<RunPodConfig, ProductBill>({
  name: 'usage',
  schedule: '*/15 * * * *',
  jitterMs: 30 * SECOND,
  stream: { name: 'usage', granularity: 'hour', settleMs: SETTLE_MS },
  // The open hour, and one more, so that each is read once after it has settled.
  plan: (context) => planHours(context, { windowMs: SETTLE_MS + 2 * HOUR, maxRangeMs: 7 * DAY }),
  requests: usageRequests,
  ask: (ask, range) => askUsage(ask, range, KEY),
  reader: (range) => pagesReader((bills) => readUsage(bills, range)),
});

/** https://www.runpod.io: GPUs by the second, as pods, serverless endpoints and clusters. */
export const runPod = defineProvider<RunPodConfig>({
  id: 'runpod',
  title: 'RunPod',
  baseUrl: 'https://api.runpod.io',
  versionPrefix: '/v2',
  environmentKey: 'RUNPOD_API_KEY',
  keyHelp: KEY,
  freshness: 'Read every 15 minutes by the hour; records of an hour may appear for 48 hours.',
  service: { category: 'Compute', subcategory: 'Virtual Machines' },
  config: RunPodConfig,
  rateLimit,
  feeds: [usage],
});
