import { globSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const CASES = new URL('../../src/providers/', import.meta.url).pathname;

/** Of the expected readings of a case, what says that something is told. */
const Expected = z.object({
  readings: z.array(
    z.object({
      statement: z.object({ charges: z.array(z.object({ measure: z.string() })) }).optional(),
      observations: z.array(z.object({ metric: z.string() })).default([]),
      resources: z.array(z.object({ name: z.string().optional() })).default([]),
      reconciliation: z.unknown().optional(),
    }),
  ),
});
type Reading = z.infer<typeof Expected>['readings'][number];

/** What a provider may tell, in the order of the table. */
const TOLD: Readonly<Record<string, (reading: Reading) => boolean>> = {
  cost: measures('cost'),
  components: measures('component_cost'),
  tokens: measures('tokens'),
  requests: measures('requests'),
  'run time': measures('billed_seconds'),
  'top-ups': measures('top_ups'),
  balance: ({ observations }) => observations.some(({ metric }) => metric === 'balance'),
  'keys and limits': ({ observations }) => observations.some(({ metric }) => metric.startsWith('apiKey')),
  prices: ({ observations }) => observations.some(({ metric }) => metric === 'unitPrice'),
  names: ({ resources }) => resources.some(({ name }) => name !== undefined),
  'totals to reconcile with': ({ reconciliation }) => reconciliation !== undefined,
};

function measures(measure: string): (reading: Reading) => boolean {
  return ({ statement }) => statement?.charges.some((charge) => charge.measure === measure) ?? false;
}

/** What the cases of a provider show to be told. */
export function toldBy(id: string): string[] {
  const readings = globSync(`${CASES}${id}/cases/*/expected.json`).flatMap(
    (path) => Expected.parse(JSON.parse(readFileSync(path, 'utf8'))).readings,
  );
  return Object.keys(TOLD).filter((what) => readings.some((reading) => TOLD[what]?.(reading)));
}
