import { z } from 'zod';
import { isLabel, LABEL_FORM } from '../../core/values/label.ts';
import { defineSection } from '../api/provider.ts';

/** The keys of the account, and what is put in from the list beside the accounts. */
export interface InferenceShConfig extends z.infer<typeof AccountKeys> {
  readonly priceProbes?: readonly PriceProbe[];
}

export const AccountKeys = z.strictObject({
  teamId: z
    .string()
    .trim()
    .min(1, 'must be the id of a team')
    .optional()
    .describe(
      'Read only this team, with a key for several teams; sent as the query parameter `team_id`. Default: everything the key can read.',
    ),
});

/** A mapping that is sent as it is. */
const Sent = z.record(z.string(), z.unknown()).check(({ value, issues }) => {
  for (const { path, input } of inexactIn(value)) {
    const message = 'must be a number that JSON can hold: finite, and if whole below 2^53';
    issues.push({ code: 'custom', message, path, input });
  }
});

/** The numbers in a value that would not arrive as they were written. */
function inexactIn(value: unknown, path: string[] = []): { path: string[]; input: number }[] {
  if (typeof value === 'number') {
    const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return isExact ? [] : [{ path, input: value }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => inexactIn(item, [...path, key]));
}

const Pricing = Sent.check(({ value, issues }) => {
  const blame = (message: string, key: string) =>
    issues.push({ code: 'custom', message, path: [key], input: value[key] });
  const expressions = Object.keys(value).filter((key) => key.endsWith('_expression'));
  const { prices } = value;
  if (expressions.length === 0 && prices === undefined)
    issues.push({
      code: 'custom',
      message: 'must hold prices, or a key that ends in _expression',
      input: value,
    });
  if (prices !== undefined && (typeof prices !== 'object' || prices === null || Array.isArray(prices)))
    blame('must be a mapping of names to prices', 'prices');
  for (const key of expressions) {
    const expression = value[key];
    if (typeof expression !== 'string' || expression.trim() === '') blame('must be an expression', key);
  }
});

/** A price that the provider is to calculate. All but `name` and `account` are keys of the request. */
export const PriceProbe = z.strictObject({
  name: z.string().refine(isLabel, `must be ${LABEL_FORM}`).describe('The label probe; unique.'),
  account: z.string().optional().describe('The account that asks. Default: every inference_sh account.'),
  pricing: Pricing.describe('AppPricing: prices in microcents, and an expression for each kind of fee.'),
  output_meta: Sent.optional().describe('Inputs and outputs of a run, for the formulas.'),
  resources: z.array(Sent).optional().describe('Resources with their rates, for resource_expression.'),
  usage_seconds: z.int().min(0).optional().describe('How long the run takes.'),
  task_inputs: Sent.optional().describe('Inputs of the task, for get(task_inputs, ...).'),
});
export type PriceProbe = z.infer<typeof PriceProbe>;

export const priceProbesSection = defineSection<InferenceShConfig, PriceProbe>({
  key: 'priceProbes',
  description: 'Prices that inference.sh calculates every hour, to see when they change.',
  entry: PriceProbe,
  into: (config, priceProbes) => ({ ...config, priceProbes }),
});
