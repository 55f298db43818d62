import { z } from 'zod';
import { toNumber } from '../../core/values/money.ts';
import { DAY, SECOND } from '../../core/values/time.ts';
import { snapshotFeed } from '../api/feeds.ts';
import { type BillingStream, defineFeed, defineProvider, type RangeReading } from '../api/provider.ts';
import type { Request } from '../api/request.ts';
import { Decimal } from '../api/schemas.ts';
import {
  InstanceTypePrices,
  LOOKUP_STATES,
  Models,
  readModels,
  readPrices,
  readTeams,
  Teams,
} from './lookups/lookups.ts';
import { askBySource, askUsage, planSource, planUsage, type UsagePage, usageRequests } from './usage/ask.ts';
import { namesOf } from './usage/facts.ts';
import { READABLE_STATE } from './usage/parts.ts';
import { billReader } from './usage/read.ts';
import { MODEL_API } from './usage/schema.ts';
import type { Source } from './usage/source-rows.ts';

/** `Bearer` is what newer documentation names; `Api-Key` works by both. */
const BasetenConfig = z.strictObject({
  auth: z
    .enum(['Api-Key', 'Bearer'])
    .default('Api-Key')
    .describe('Scheme of the authorization header: `Api-Key` or `Bearer`.'),
});
type BasetenConfig = z.infer<typeof BasetenConfig>;

/** The keys of model APIs are used with several models each; of a deployment the first one counts. */
const BILL = {
  name: 'usage',
  granularity: 'day',
  settleMs: 31 * DAY,
  sharedResources: [MODEL_API],
} as const satisfies BillingStream;

const NAMES = Object.keys(LOOKUP_STATES);

const usage = defineFeed<BasetenConfig, UsagePage>({
  name: 'usage',
  // Data moves hourly: https://docs.baseten.co/organization/billing
  schedule: '*/15 * * * *',
  jitterMs: 30 * SECOND,
  stream: BILL,
  after: NAMES,
  plan: planUsage,
  requests: usageRequests,
  ask: askUsage,
  reader: (_, context) => billReader({ names: namesOf(context), now: context.now }),
});

interface SourceFeed {
  readonly name: Source;
  readonly schedule: string;
  readonly windowMs: number;
}

/** Reads the latest days of the same bill, and tells `usage` that the key may read the source. */
function sourceFeed({ name, schedule, windowMs }: SourceFeed) {
  return defineFeed<BasetenConfig, UsagePage>({
    name,
    schedule,
    jitterMs: 30 * SECOND,
    stream: BILL,
    after: NAMES,
    optional: true,
    guidesHistory: true,
    plan: (context) => planSource(name, windowMs, context),
    ask: (ask, range, context) => askBySource(name, ask, range, context),
    reader: (_, context) => {
      const { now, state = READABLE_STATE } = context;
      return billReader({ names: namesOf(context), now, state });
    },
  });
}

const SOURCE_FEEDS = [
  sourceFeed({ name: 'model_apis', schedule: '7 * * * *', windowMs: 31 * DAY }),
  // Today and yesterday by the hour.
  sourceFeed({ name: 'model_api_usage', schedule: '22 * * * *', windowMs: 2 * DAY }),
];

interface Lookup<Body> extends Request<Body> {
  readonly name: string;
  readonly schedule: string;
  read(body: Body): RangeReading;
}

/** What things cost and who owns them: nothing here is money that was billed, and an account may not be allowed to read it. */
function lookupFeed<Body>({ name, schedule, read, ...request }: Lookup<Body>) {
  return snapshotFeed<BasetenConfig, Body>({ name, schedule, optional: true, request: () => request, read });
}

const LOOKUPS = [
  lookupFeed({
    name: 'prices',
    schedule: '41 */6 * * *',
    path: '/instance_type_prices',
    schema: InstanceTypePrices,
    read: readPrices,
  }),
  lookupFeed({ name: 'models', schedule: '11 * * * *', path: '/models', schema: Models, read: readModels }),
  lookupFeed({ name: 'teams', schedule: '12 * * * *', path: '/teams', schema: Teams, read: readTeams }),
];

/** https://docs.baseten.co/reference/management-api/rate-limits: seconds, in the body of a 429. */
const TooMany = z.object({ retry_after: Decimal.refine((seconds) => seconds >= 0n).transform(toNumber) });

/** https://www.baseten.co: dedicated inference, training and model APIs. */
export const baseten = defineProvider<BasetenConfig>({
  id: 'baseten',
  title: 'Baseten',
  baseUrl: 'https://api.baseten.co',
  versionPrefix: '/v1',
  environmentKey: 'BASETEN_API_KEY',
  keyHelp: 'a key of an organization admin',
  freshness: 'Read every 15 minutes; Baseten updates about once an hour and may revise a day for 31 days.',
  service: { category: 'AI and Machine Learning', subcategory: 'Machine Learning' },
  config: BasetenConfig,
  headers: ({ auth }, key) => ({ authorization: `${auth} ${key}` }),
  retryAfterOfBody: (body) => TooMany.safeParse(body).data?.retry_after,
  // https://docs.baseten.co/reference/management-api/rate-limits
  requestBudget: { requests: 100, perMs: SECOND },
  feeds: [usage, ...SOURCE_FEEDS, ...LOOKUPS],
});
