import type { z } from 'zod';
import type { Reading } from '../../core/statement/statement.ts';
import { SECOND } from '../../core/values/time.ts';
import { defineFeed, type Feed } from '../api/provider.ts';
import { singleReader } from '../api/readers.ts';
import { readPrices } from './prices.ts';
import { InstanceTypePrices, Models, Teams } from './schema.ts';
import { readModels, readTeams } from './teams.ts';

/** A list that an account may or may not read, answered as a whole. */
interface Lookup<Body> {
  readonly name: string;
  readonly schedule: string;
  readonly path: string;
  readonly schema: z.ZodType<Body>;
  read(body: Body): Reading & { readonly state: string };
}

/** What things cost and who owns them: nothing here is money that was billed. */
export const lookups: readonly Feed<unknown, unknown>[] = [
  lookup({
    name: 'prices',
    schedule: '41 */6 * * *',
    path: '/instance_type_prices',
    schema: InstanceTypePrices,
    read: readPrices,
  }),
  lookup({ name: 'models', schedule: '11 * * * *', path: '/models', schema: Models, read: readModels }),
  lookup({ name: 'teams', schedule: '12 * * * *', path: '/teams', schema: Teams, read: readTeams }),
];

function lookup<Body>({ path, schema, read, ...named }: Lookup<Body>): Feed<unknown, unknown> {
  return defineFeed<unknown, Body>({
    ...named,
    jitterMs: 30 * SECOND,
    optional: true,
    plan: ({ now }) => [{ start: now, end: now }],
    async *ask(ask) {
      yield (await ask({ path, schema })).body;
    },
    reader: () => singleReader(read),
  });
}
