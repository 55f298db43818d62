import { z } from 'zod';
import type { Provider } from '../../../src/providers/api/provider.ts';

/** A provider without feeds, for tests of what all providers share. */
export function testProvider(more: Partial<Provider<unknown>> = {}): Provider<unknown> {
  return {
    id: 'test',
    title: 'Test',
    baseUrl: 'http://127.0.0.1',
    versionPrefix: '/v1',
    environmentKey: 'TEST_KEY',
    keyHelp: 'read billing',
    freshness: 'Read as the test says.',
    service: { category: 'AI and Machine Learning', subcategory: 'Generative AI' },
    config: z.unknown(),
    headers: (_config, key) => ({ Authorization: `Bearer ${key}` }),
    rateLimit: () => ({}),
    feeds: [],
    ...more,
  };
}
