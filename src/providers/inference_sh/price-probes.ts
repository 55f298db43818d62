import type { Note, Observation, Reading } from '../../core/statement/statement.ts';
import { fromInteger, type Usd } from '../../core/values/money.ts';
import type { Range } from '../../core/values/time.ts';
import { isBadRequest } from '../api/errors.ts';
import type { FeedContext } from '../api/provider.ts';
import { note, observe, reading } from '../api/readings.ts';
import type { Ask } from '../api/request.ts';
import type { InferenceShConfig, PriceProbe } from './config.ts';
import { unwrapped } from './envelope.ts';
import { oneLine } from './one-line.ts';
import { Evaluation } from './schema.ts';

/** A preview of pricing: it costs nothing and changes nothing. https://inference.sh/docs/api/rest/usage */
export const EVALUATE = '/usage/cel/evaluate';

/** What came of one probe: an evaluation, or a refusal that is about this probe alone. */
export interface Evaluated {
  readonly probe: string;
  readonly evaluation?: Evaluation;
  readonly refusal?: string;
}

/** Asks for each probe of the account in turn. */
export async function* askProbes(
  ask: Ask,
  _: Range,
  { config: { priceProbes: probes = [] } }: FeedContext<InferenceShConfig>,
): AsyncGenerator<Evaluated> {
  for (const probe of probes) yield await evaluate(ask, probe);
}

async function evaluate(ask: Ask, { name, account: _, ...preview }: PriceProbe): Promise<Evaluated> {
  try {
    const { body } = await ask(unwrapped({ path: EVALUATE, preview, schema: Evaluation }));
    return { probe: name, evaluation: body };
  } catch (error) {
    // Any other failure would befall every probe alike.
    if (!isBadRequest(error)) throw error;
    return { probe: name, refusal: `${error.message}: the provider cannot read this probe` };
  }
}

/** Reads prices as the provider calculates them now. */
export function readProbes(all: readonly Evaluated[]): Reading {
  return reading({ observations: all.flatMap(observationsOf), notes: all.flatMap(errorsOf) });
}

const FEES = ['resource', 'inference', 'royalty', 'partner'] as const;
const PARTS = [...FEES.map((fee) => `${fee}_fee` as const), 'total', 'description'] as const;

function observationsOf(evaluated: Evaluated): Observation[] {
  const { probe, evaluation } = evaluated;
  const errors = observe('priceProbeErrors', { probe }, fromInteger(BigInt(errorsOf(evaluated).length)));
  const fees = FEES.flatMap((fee) =>
    observe('priceProbeFee', { probe, fee }, amountOf(evaluation?.[`${fee}_fee`])),
  );
  return [...fees, ...observe('priceProbeTotal', { probe }, amountOf(evaluation?.total)), ...errors];
}

/** What failed has no value: an unknown price is not zero. */
function amountOf(part: Evaluation['resource_fee']): Usd | null | undefined {
  return part?.error ? undefined : part?.value;
}

/** One note for each part that failed. */
function errorsOf({ probe, evaluation, refusal }: Evaluated): Note[] {
  const parts = PARTS.map((part) => ({ topic: `probe ${probe}: ${part}`, error: evaluation?.[part]?.error }));
  return [{ topic: `probe ${probe}`, error: refusal }, ...parts].flatMap(({ topic, error }) =>
    error ? [note(topic, oneLine(error) || 'failed without a word', true)] : [],
  );
}
