import { HOUR, instantOf, MINUTE, type Range, SECOND } from '../../core/values/time.ts';
import {
  defineFeed,
  defineProvider,
  type FeedContext,
  type ProviderRateLimit,
  type Reader,
} from '../api/provider.ts';
import { CreditBalance, readBalance } from './balance.ts';
import { NorthflankConfig } from './config.ts';
import { askHour } from './hours/ask.ts';
import { emptyHours, isFree, LIST_FEED } from './hours/empty-hours.ts';
import { historyHours, planHours, SETTLE_MS } from './hours/plan.ts';
import { readHour } from './hours/read.ts';
import type { HourPage } from './hours/tree.ts';
import { scopeOf } from './hours/verify-scope.ts';
import { askInvoices, readInvoices } from './invoices/invoices.ts';
import type { InvoiceList } from './invoices/schema.ts';
import { askList } from './list/ask.ts';
import { listRanges } from './list/plan.ts';
import { readList } from './list/read.ts';
import type { UsageList } from './list/schema.ts';
import { billingPath } from './path.ts';

const stream = {
  name: 'usage',
  granularity: 'hour',
  settleMs: SETTLE_MS,
  // The hour itself, the wait until it is due, and the time until it is read.
  lagMs: ({ dueAfter }: NorthflankConfig) => dueAfter + 2 * HOUR,
  closedBuckets: true,
} as const;

type NorthflankContext = FeedContext<NorthflankConfig>;

/** Requests of the hour that the feeds beside the usage leave to it. */
const LEFT_TO_USAGE = 200;

/** The newest hours: each once it is due, and again while Northflank may still revise it. */
const usage = defineFeed<NorthflankConfig, HourPage>({
  name: 'usage',
  stream,
  ask: askHour,
  reader: hourReader,
  schedule: '*/5 * * * *',
  jitterMs: 30 * SECOND,
  plan: planHours,
});

/** Every hour in one list, without resources: the totals of the month, a check of the ledger, and what history need not ask for. */
const usageList = defineFeed<NorthflankConfig, UsageList>({
  name: LIST_FEED,
  schedule: '27 * * * *',
  jitterMs: MINUTE,
  optional: true,
  reserveRequests: LEFT_TO_USAGE,
  plan: listRanges,
  ask: askList,
  reader: (range, context) => collected((pages) => readList(pages, range, context)),
});

/** Everything older, newest first, while enough of the request budget is left for `usage`; of hours that are known to be empty all. */
const usageHistory = defineFeed<NorthflankConfig, HourPage>({
  name: 'usage_history',
  stream,
  schedule: '*/10 * * * *',
  jitterMs: MINUTE,
  reserveRequests: 400,
  plan: (context) => historyHours(context, isFree(context)),
  async *ask(ask, range, context) {
    // Looked up anew: on the first day the list is read while history is.
    if (!isFree(context)(range)) yield* askHour(ask, range, context);
  },
  reader: hourReader,
});

/** Finalized invoices, set against the ledger. */
const invoices = defineFeed<NorthflankConfig, InvoiceList>({
  name: 'invoices',
  schedule: '41 5 * * *',
  jitterMs: 10 * MINUTE,
  optional: true,
  reserveRequests: LEFT_TO_USAGE,
  plan: ({ now, since }) => [{ start: Math.min(since, now), end: now }],
  ask: askInvoices,
  reader: (_range, context) => collected((pages) => readInvoices(pages, context)),
});

/** Prepaid credit. */
const balance = defineFeed<NorthflankConfig, CreditBalance>({
  name: 'balance',
  schedule: '*/30 * * * *',
  jitterMs: MINUTE,
  optional: true,
  reserveRequests: LEFT_TO_USAGE,
  plan: ({ now }) => [{ start: now, end: now }],
  async *ask(ask, _range, { config }) {
    yield (await ask({ path: billingPath(config, 'credit-balance'), schema: CreditBalance })).body;
  },
  reader: (_range, context) =>
    collected(([page]) =>
      page ? readBalance(page, context) : { resources: [], observations: [], drift: [] },
    ),
});

/** How both hourly feeds read an hour; without a page it was not asked for, which `usage_history` alone may do. */
function hourReader(range: Range, { config }: NorthflankContext): Reader<HourPage> {
  return collected((pages) => {
    if (pages.length === 0) return emptyHours(range);
    return { ...readHour(pages, range, config), ...(pages[0]?.hour && { state: scopeOf(config) }) };
  });
}

function collected<Item>(read: (pages: readonly Item[]) => ReturnType<Reader<Item>['finish']>): Reader<Item> {
  const pages: Item[] = [];
  return { add: (page) => void pages.push(page), finish: () => read(pages) };
}

/** Northflank: the hourly billing API, in the legacy contract (cents) and the current one (units of a currency). */
export const northflank = defineProvider<NorthflankConfig>({
  id: 'northflank',
  title: 'Northflank',
  baseUrl: 'https://api.northflank.com',
  versionPrefix: '/v1',
  environmentKey: 'NORTHFLANK_API_TOKEN',
  config: NorthflankConfig,
  headers: (_config, key) => ({ authorization: `Bearer ${key}` }),
  billScope: ({ teamId }) => teamId,
  rateLimit,
  // https://northflank.com/docs/v1/api/use-the-api: 1000 requests an hour for an account.
  requestBudget: { requests: 1000, perMs: HOUR },
  feeds: [usage, usageList, usageHistory, invoices, balance],
});

/** `x-ratelimit-reset` counts seconds from now. https://northflank.com/docs/v1/api/use-the-api */
function rateLimit(headers: Readonly<Record<string, string>>, now: number): ProviderRateLimit {
  const remaining = countOf(headers['x-ratelimit-remaining']);
  const reset = countOf(headers['x-ratelimit-reset']);
  return {
    ...(remaining !== undefined && { remaining }),
    ...(reset !== undefined && { resetAt: instantOf(reset, now) }),
  };
}

function countOf(text: string | undefined): number | undefined {
  const count = Number(text?.trim() || Number.NaN);
  return count >= 0 ? count : undefined;
}
