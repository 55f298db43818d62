import { z } from 'zod';
import type { Fixed } from '../../core/values/money.ts';
import { DAY, SECOND } from '../../core/values/time.ts';
import { pagesReader, snapshotFeed } from '../api/feeds.ts';
import { defineFeed, defineProvider } from '../api/provider.ts';
import { observeUsd, reading } from '../api/readings.ts';
import { askActivity, planActivity, readActivity } from './activity.ts';
import { askKeys, readKeys } from './keys.ts';
import { type Activity, Credits } from './schema.ts';

const OpenRouterConfig = z.strictObject({});
type OpenRouterConfig = z.infer<typeof OpenRouterConfig>;

const KEY = 'a management key, which cannot be used for inference';

const activity = defineFeed<OpenRouterConfig, Activity | undefined>({
  name: 'activity',
  schedule: '31 * * * *',
  jitterMs: 30 * SECOND,
  stream: { name: 'activity', granularity: 'day', settleMs: 2 * DAY, closedBuckets: true },
  plan: planActivity,
  async *ask(ask, range, context) {
    yield await askActivity(ask, range, context, KEY);
  },
  reader: (range, context) => pagesReader(([answer]) => readActivity(answer, range, context)),
});

const balance = snapshotFeed<OpenRouterConfig, Fixed>({
  name: 'balance',
  schedule: '*/15 * * * *',
  optional: true,
  request: () => ({ path: '/credits', schema: Credits }),
  read: (amount, context) =>
    reading({ observations: observeUsd('balance', { amount, currency: 'USD' }, context) }),
});

const keys = snapshotFeed<OpenRouterConfig, Awaited<ReturnType<typeof askKeys>>>({
  name: 'keys',
  schedule: '*/15 * * * *',
  optional: true,
  ask: askKeys,
  read: readKeys,
});

/** https://openrouter.ai: models of many providers behind one API. */
export const openRouter = defineProvider<OpenRouterConfig>({
  id: 'openrouter',
  title: 'OpenRouter',
  baseUrl: 'https://openrouter.ai',
  versionPrefix: '/api/v1',
  environmentKey: 'OPENROUTER_MANAGEMENT_KEY',
  keyHelp: KEY,
  freshness: 'Completed UTC days only, 30 minutes after midnight and again a day later; today is unknown.',
  config: OpenRouterConfig,
  feeds: [activity, balance, keys],
});
