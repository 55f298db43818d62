import { z } from 'zod';
import { defineFeed, defineProvider, defineSection, type Provider } from '../src/providers/api/provider.ts';

/** A feed that asks nothing. */
function feed(name: string, schedule: string) {
  return defineFeed<unknown, never>({
    name,
    schedule,
    jitterMs: 0,
    plan: () => [],
    async *ask() {},
    reader: () => ({ add() {}, finish: () => ({ resources: [], observations: [], drift: [] }) }),
  });
}

function provider(id: string, config: z.ZodType, feeds: readonly string[]): Provider<unknown> {
  return defineProvider<unknown>({
    id,
    title: id.toUpperCase(),
    baseUrl: `https://api.${id}.example`,
    environmentKey: `${id.toUpperCase()}_API_KEY`,
    keyHelp: 'read billing',
    freshness: 'Never read.',
    config,
    headers: () => ({}),
    feeds: feeds.map((name, index) => feed(name, `${index} * * * *`)),
  });
}

const priceProbes = defineSection({
  key: 'priceProbes',
  description: 'Prices to watch.',
  entry: z.strictObject({ name: z.string(), account: z.string().optional(), pricing: z.looseObject({}) }),
  into: (config: unknown, probes) => ({ ...Object(config), probes }),
});

/** Two invented providers: `acme` has no keys of its own, `globex` has three, and reads the price probes. */
export const FAKE_PROVIDERS: readonly Provider<unknown>[] = [
  { ...provider('acme', z.strictObject({}), ['usage', 'balance']), currencies: { ACU: { usd: '0.1' } } },
  {
    ...provider(
      'globex',
      z.strictObject({
        teamId: z.string().min(1).optional().describe('The team.'),
        mode: z.enum(['auto', 'old', 'new']).default('auto'),
        dueAfter: z
          .string()
          .regex(/^\d+m$/, 'a duration is a number and m')
          .prefault('15m')
          .transform((text) => Number.parseInt(text, 10)),
      }),
      ['usage'],
    ),
    section: priceProbes,
  },
];
