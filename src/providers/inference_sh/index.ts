import { DAY, HOUR, SECOND } from '../../core/values/time.ts';
import { pagesReader, snapshotFeed } from '../api/feeds.ts';
import { planNow } from '../api/plans.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { rateLimitHeaders } from '../api/rate-limit.ts';
import { askBalance, type Balances, readBalance } from './balance.ts';
import { readBreakdown } from './breakdown.ts';
import { AccountKeys, type InferenceShConfig, priceProbesSection } from './config.ts';
import { unwrapped } from './envelope.ts';
import { askProbes, EVALUATE, type Evaluated, readProbes } from './price-probes.ts';
import { Breakdown, Summary } from './schema.ts';
import { readSummary } from './summary.ts';
import { tasks } from './task-cost.ts';

/**
 * Ranges of the breakdown: the provider slides each along with its own clock and chooses the buckets by its length.
 * https://inference.sh/docs/api/rest/usage: minutes for 1h, hours for 1d, days for what is longer.
 */
const SLIDING = [
  { range: '1h', lengthMs: HOUR, granularity: 'minute', schedule: '* * * * *' },
  { range: '1d', lengthMs: DAY, granularity: 'hour', schedule: '*/10 * * * *' },
  { range: '30d', lengthMs: 30 * DAY, granularity: 'day', schedule: '7 * * * *' },
  // The history of the first read: what still changes lies within the shorter ranges.
  { range: '90d', lengthMs: 90 * DAY, granularity: 'day', schedule: '17 3 * * *' },
] as const;

/** How long after its end a bucket may still change. */
const SETTLE_MS = 2 * DAY;

function breakdownFeed({ range, lengthMs, granularity, schedule }: (typeof SLIDING)[number]) {
  return snapshotFeed<InferenceShConfig, Breakdown>({
    name: `breakdown_${range}`,
    schedule,
    jitterMs: 5 * SECOND,
    stream: { name: 'usage', granularity, settleMs: SETTLE_MS, reachMs: Math.max(lengthMs, SETTLE_MS) },
    plan: ({ now }) => [{ start: now - lengthMs, end: now }],
    request: () => unwrapped({ path: '/usage/breakdown', query: { range }, schema: Breakdown }),
    read: (body, { since }) => readBreakdown(body, { range, granularity, since }),
  });
}

const summary = snapshotFeed<InferenceShConfig, Summary>({
  name: 'summary',
  schedule: '*/10 * * * *',
  request: () => unwrapped({ path: '/usage/summary', schema: Summary }),
  read: readSummary,
});

const balance = snapshotFeed<InferenceShConfig, Balances>({
  name: 'balance',
  schedule: '*/10 * * * *',
  optional: true,
  ask: askBalance,
  read: readBalance,
});

const priceProbes = defineFeed<InferenceShConfig, Evaluated>({
  name: 'price_probes',
  schedule: '23 * * * *',
  jitterMs: 60 * SECOND,
  optional: true,
  isEnabled: ({ priceProbes: probes = [] }) => probes.length > 0,
  plan: (context) => (context.config.priceProbes?.length ? planNow(context) : []),
  ask: askProbes,
  reader: () => pagesReader(readProbes),
});

/** https://inference.sh: apps that run on cloud or private machines. */
export const inferenceSh = defineProvider<InferenceShConfig>({
  id: 'inference_sh',
  title: 'inference.sh',
  baseUrl: 'https://api.inference.sh',
  environmentKey: 'INFERENCE_API_KEY',
  keyHelp: 'a key with the scope `billing:read`',
  freshness: 'Read at intervals from a minute to a day; figures may change for 48 hours.',
  config: AccountKeys,
  section: priceProbesSection,
  previews: [EVALUATE],
  headers: (_, key) => ({ authorization: `Bearer ${key}`, 'x-api-version': '2' }),
  // https://inference.sh/docs/api/rest/overview: of keys of several teams, since 2026-10-11.
  query: ({ teamId }) => (teamId === undefined ? {} : { team_id: teamId }),
  billScope: ({ teamId }) => teamId,
  // https://inference.sh/docs/api/rest/overview: the reset is in Unix seconds.
  rateLimit: rateLimitHeaders({ remaining: ['x-ratelimit-remaining'], reset: ['x-ratelimit-reset'] }),
  tasks,
  feeds: [...SLIDING.map(breakdownFeed), summary, balance, priceProbes],
});
