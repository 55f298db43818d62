import { HOUR, MINUTE, SECOND } from '../../core/values/time.ts';
import { pagesReader, snapshotFeed } from '../api/feeds.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { rateLimitHeaders } from '../api/rate-limit.ts';
import { CreditBalance, readBalance } from './account/balance.ts';
import { billingPath, NorthflankConfig } from './account/config.ts';
import { askHour, hourRequests } from './hours/ask.ts';
import { historyHours, planHours, STREAM } from './hours/plan.ts';
import { readHour } from './hours/read.ts';
import type { HourPage } from './hours/tree.ts';
import { askInvoices, readInvoices } from './invoices/invoices.ts';
import type { InvoiceList } from './invoices/schema.ts';
import { askList, listRequests, type UsageList } from './list/ask.ts';
import { listRanges } from './list/plan.ts';
import { readList } from './list/read.ts';
import { isFree, LIST_FEED } from './list/state.ts';

/** Other feeds leave so many requests of the hour to the usage, and not every account may read them. */
const LESS_URGENT = { optional: true, reserveRequests: 200 } as const;

/** The newest hours: each once it is due, and again while Northflank may still revise it. */
const usage = defineFeed<NorthflankConfig, HourPage>({
  name: 'usage',
  schedule: '*/5 * * * *',
  jitterMs: 30 * SECOND,
  stream: STREAM,
  plan: planHours,
  requests: hourRequests,
  ask: askHour,
  reader: (range, { config }) => pagesReader((pages) => readHour(pages, range, config)),
});

/** Every hour in one list, without resources: the totals of the month, a check of the ledger, and what history need not ask for. */
const usageList = defineFeed<NorthflankConfig, UsageList>({
  name: LIST_FEED,
  schedule: '27 * * * *',
  jitterMs: MINUTE,
  ...LESS_URGENT,
  guidesHistory: true,
  plan: listRanges,
  requests: listRequests,
  ask: askList,
  reader: (range, context) => pagesReader((pages) => readList(pages, range, context)),
});

/** Everything older, newest first, while enough of the request budget is left for `usage`; of hours that are known to be empty all. */
const usageHistory = defineFeed<NorthflankConfig, HourPage>({
  name: 'usage_history',
  schedule: '*/10 * * * *',
  jitterMs: MINUTE,
  stream: STREAM,
  reserveRequests: 400,
  plan: (context) => historyHours(context, isFree(context)),
  requests: hourRequests,
  async *ask(ask, range, context) {
    // Looked up again: on the first day the list is read while history is.
    if (!isFree(context)(range)) yield* askHour(ask, range, context);
  },
  reader: (range, { config }) => pagesReader((pages) => readHour(pages, range, config)),
});

/** Finalized invoices, set against the ledger. */
const invoices = defineFeed<NorthflankConfig, InvoiceList>({
  name: 'invoices',
  schedule: '41 5 * * *',
  jitterMs: 10 * MINUTE,
  ...LESS_URGENT,
  plan: ({ now, since }) => [{ start: Math.min(since, now), end: now }],
  ask: askInvoices,
  reader: (_, context) => pagesReader((pages) => readInvoices(pages, context)),
});

/** Prepaid credit. */
const balance = snapshotFeed<NorthflankConfig, CreditBalance>({
  name: 'balance',
  schedule: '*/30 * * * *',
  jitterMs: MINUTE,
  ...LESS_URGENT,
  request: ({ config }) => ({ path: billingPath(config, 'credit-balance'), schema: CreditBalance }),
  read: readBalance,
});

/** Northflank: the hourly billing API, in the legacy contract (cents) and the current one (units of a currency). */
export const northflank = defineProvider<NorthflankConfig>({
  id: 'northflank',
  title: 'Northflank',
  baseUrl: 'https://api.northflank.com',
  versionPrefix: '/v1',
  environmentKey: 'NORTHFLANK_API_TOKEN',
  keyHelp:
    'a token with `Organisation > Admin > Billing > Read` (older accounts: `Account > Billing > General > Read`)',
  freshness: 'Each hour is read 15 minutes after it ends, and again 1, 6 and 24 hours later.',
  service: { category: 'Compute', subcategory: 'Containers' },
  config: NorthflankConfig,
  billScope: ({ teamId }) => teamId,
  // https://northflank.com/docs/v1/api/use-the-api: the reset is in seconds from now; 1000 requests an hour for an account.
  rateLimit: rateLimitHeaders({ remaining: ['x-ratelimit-remaining'], reset: ['x-ratelimit-reset'] }),
  requestBudget: { requests: 1000, perMs: HOUR },
  feeds: [usage, usageList, usageHistory, invoices, balance],
});
