import { z } from 'zod';
import { Count, Day, Decimal, lenient, listOf, OtherMoney, Text } from '../../api/schemas.ts';

// https://docs.baseten.co/reference/management-api/billing/gets-billing-usage-summary-for-a-date-range
// What the ledger adds up is required as documented, and so is the day it belongs to: half a page must fail, not shrink. Whatever else is
// missing or not as documented is absent, and drift.

const count = lenient(Count);
const minutes = { minutes: lenient(Decimal) };
/** Parts of the subtotal, required since 2026-08-22; older answers lack them. */
const costs = { compute_cost: Decimal.nullish(), surcharge_cost: Decimal.nullish() };
const serving = { ...minutes, inference_requests: count, ...costs };
/** The cached ones are input tokens, too. */
const tokens = { input_tokens: count, output_tokens: count, cached_input_tokens: count };
/** `total` is gross, `subtotal` is what remains of it after credits. */
const money = { subtotal: OtherMoney, credits_used: OtherMoney, total: Decimal };

/** What was used at what cost, in US dollars: of a category, of an item, or of a day of an item. */
export interface Figures extends Partial<z.infer<z.ZodObject<typeof serving & typeof tokens>>> {
  readonly subtotal: z.infer<typeof Decimal>;
}

const ChainMetadata = z.looseObject({
  chain_id: Text,
  chain_name: Text,
  chain_deployment_id: Text,
  chainlet_id: Text,
  chainlet_name: Text,
});

/** A deployment, a training job or a chainlet. */
export const BillableResource = z.looseObject({
  id: lenient(z.string().min(1)),
  kind: Text,
  name: Text,
  model_name: Text,
  is_deleted: lenient(z.boolean().nullish()),
  instance_type: Text,
  environment_name: Text,
  chain_metadata: lenient(ChainMetadata.nullish()),
  // Met since October 2026.
  model_id: Text,
  base_model: Text,
  team_id: Text,
  team_name: Text,
});
export type BillableResource = z.infer<typeof BillableResource>;

/** One row of a breakdown; the same resource may have several. */
export interface Item extends Figures {
  readonly billable_resource?: BillableResource | undefined;
  readonly model_name?: string | undefined;
  readonly daily?: readonly (Figures & { readonly date: z.infer<typeof Day> })[] | null | undefined;
}

/** Dedicated serving, training or model APIs. */
export interface UsageCategory extends z.infer<z.ZodObject<typeof money>> {
  readonly minutes?: Figures['minutes'];
  readonly breakdown?: readonly Item[] | null | undefined;
}
export type MaybeCategory = UsageCategory | null | undefined;

/** A category whose items are told apart by `identity` and measured in `figures`. */
function category<Identity extends z.ZodRawShape, Usage extends z.ZodRawShape, Totals extends z.ZodRawShape>(
  identity: Identity,
  figures: Usage,
  totals: Totals,
) {
  const daily = z.looseObject({ date: Day, subtotal: Decimal, ...figures });
  const item = z.looseObject({ ...identity, subtotal: Decimal, ...figures, daily: listOf(daily).nullish() });
  return z.looseObject({ ...money, ...totals, breakdown: listOf(item).nullish() }).nullish();
}

const resource = { billable_resource: lenient(BillableResource) };

/** `GET /v1/billing/usage_summary`. `{}` is a documented answer; an object of other keys is another document. */
export const UsageSummary = z
  .looseObject({
    dedicated_usage: category(resource, serving, minutes),
    training_usage: category(resource, minutes, minutes),
    model_apis_usage: category({ model_name: lenient(z.string()), model_family: Text }, tokens, {}),
  })
  .refine((body) => Object.keys(body).length === 0 || TIERS.some(({ key }) => Object.hasOwn(body, key)), {
    error: 'holds none of the documented categories',
  });
export type UsageSummary = z.infer<typeof UsageSummary>;

export const MODEL_API = 'model_api';

/** The tier label of each category. */
export const TIERS = [
  { tier: 'dedicated', key: 'dedicated_usage' },
  { tier: 'training', key: 'training_usage' },
  { tier: MODEL_API, key: 'model_apis_usage' },
] as const;

/** The kinds of resource that are documented; others are counted as drift. */
export const KINDS: ReadonlySet<string> = new Set([
  'MODEL_DEPLOYMENT',
  'TRAINING_JOB',
  'CHAINLET',
  'LOOPS_SAMPLER',
  'LOOPS_TRAINER',
]);
