import type { Note, Observation, Reading } from '../../core/statement/statement.ts';
import { fromInteger } from '../../core/values/money.ts';
import { MINUTE } from '../../core/values/time.ts';
import { PollError } from '../api/errors.ts';
import { defineFeed } from '../api/provider.ts';
import { pagesReader } from '../api/readers.ts';
import type { Ask } from '../api/request.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import type { Config, PriceProbe } from './config.ts';
import { askUnwrapped } from './envelope.ts';
import { oneLine } from './one-line.ts';
import { Evaluation } from './schema.ts';

/** A preview of pricing: it costs nothing and changes nothing. https://inference.sh/docs/api/rest/usage */
export const EVALUATE = '/usage/cel/evaluate';

/** What came of one probe: an evaluation, or a refusal that is about this probe alone. */
type Evaluated = { readonly probe: string } & (
  | { readonly evaluation: Evaluation }
  | { readonly refusal: string }
);

/** Prices as the provider calculates them now. */
export const priceProbes = defineFeed<Config, Evaluated>({
  name: 'price_probes',
  schedule: '23 * * * *',
  jitterMs: MINUTE,
  optional: true,
  isEnabled: ({ priceProbes: probes = [] }) => probes.length > 0,
  plan: ({ now, config: { priceProbes: probes = [] } }) =>
    probes.length > 0 ? [{ start: now, end: now }] : [],
  async *ask(ask, _range, { config: { priceProbes: probes = [] } }) {
    for (const probe of probes) yield await evaluate(ask, probe);
  },
  reader: () => pagesReader(readAll),
});

async function evaluate(ask: Ask, { name, account: _, ...preview }: PriceProbe): Promise<Evaluated> {
  try {
    const { body } = await askUnwrapped(ask, { path: EVALUATE, preview, schema: Evaluation });
    return { probe: name, evaluation: body };
  } catch (error) {
    if (!isAboutBody(error)) throw error;
    return { probe: name, refusal: `${error.message}: the provider cannot read this probe` };
  }
}

/** Any other failure would befall every probe alike. */
function isAboutBody(error: unknown): error is PollError {
  return error instanceof PollError && (error.status === 400 || error.status === 422);
}

function readAll(all: readonly Evaluated[]): Reading {
  return {
    resources: [],
    observations: all.flatMap(observationsOf),
    drift: all.flatMap((each) => ('evaluation' in each ? unknownFieldsOf(Evaluation, each.evaluation) : [])),
    notes: all.flatMap(errorsOf),
  };
}

const FEES = ['resource', 'inference', 'royalty', 'partner'] as const;
const PARTS = [...FEES.map((fee) => `${fee}_fee` as const), 'total', 'description'] as const;

/** What failed has no value: an unknown price is not zero. */
function observationsOf(evaluated: Evaluated): Observation[] {
  const { probe } = evaluated;
  const errors: Observation = {
    metric: 'priceProbeErrors',
    labels: { probe },
    value: fromInteger(BigInt(errorsOf(evaluated).length)),
  };
  if (!('evaluation' in evaluated)) return [errors];
  const { evaluation } = evaluated;
  const fees = FEES.flatMap((fee) => sampleOf('priceProbeFee', { probe, fee }, evaluation[`${fee}_fee`]));
  return [...fees, ...sampleOf('priceProbeTotal', { probe }, evaluation.total), errors];
}

function sampleOf(metric: string, labels: Observation['labels'], part: Evaluation['resource_fee']) {
  const value = part?.error ? undefined : part?.value;
  return value === undefined || value === null ? [] : [{ metric, labels, value }];
}

/** One note for each part that failed. */
function errorsOf(evaluated: Evaluated): Note[] {
  const { probe } = evaluated;
  const warning = (topic: string, text: string) => ({
    topic,
    text: oneLine(text) || 'failed without a word',
    isWarning: true,
  });
  if (!('evaluation' in evaluated)) return [warning(`probe ${probe}`, evaluated.refusal)];
  return PARTS.flatMap((part) => {
    const error = evaluated.evaluation[part]?.error;
    return error ? [warning(`probe ${probe}: ${part}`, error)] : [];
  });
}
