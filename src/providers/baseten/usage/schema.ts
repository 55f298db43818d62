import { z } from 'zod';
import type { Fixed } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import { Count, Day, Decimal, lenient, listOf, OtherMoney, Text } from '../../api/schemas.ts';

// https://docs.baseten.co/reference/management-api/billing/gets-billing-usage-summary-for-a-date-range
// What the ledger adds up is required as documented, and so is the day it belongs to: half a page must fail, not shrink. Whatever else is
// missing or not as documented is absent, and drift.

/** What was used at what cost: of a category, of an item, or of a day of an item. */
export interface Figures {
  /** US dollars. */
  readonly subtotal: Fixed;
  /** Parts of the subtotal, of dedicated usage. */
  readonly compute_cost?: Fixed | null | undefined;
  readonly surcharge_cost?: Fixed | null | undefined;
  readonly minutes?: Fixed | undefined;
  readonly inference_requests?: Fixed | undefined;
  /** Includes the cached ones. */
  readonly input_tokens?: Fixed | undefined;
  readonly cached_input_tokens?: Fixed | undefined;
  readonly output_tokens?: Fixed | undefined;
}

/** The figures of one UTC day. */
export interface Daily extends Figures {
  readonly date: Instant;
}

/** A deployment, a training job or a chainlet. */
export const BillableResource = z.looseObject({
  id: lenient(z.string().min(1)),
  kind: Text,
  name: Text,
  model_name: Text,
  is_deleted: lenient(z.boolean().nullish()),
  instance_type: Text,
  environment_name: Text,
  chain_metadata: lenient(
    z
      .looseObject({
        chain_id: Text,
        chain_name: Text,
        chain_deployment_id: Text,
        chainlet_id: Text,
        chainlet_name: Text,
      })
      .nullish(),
  ),
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
  readonly daily?: readonly Daily[] | null | undefined;
}

/** Dedicated serving, training or model APIs: `total` is gross, `subtotal` is what remains of it after credits. */
export interface UsageCategory {
  readonly total: Fixed;
  readonly credits_used?: Fixed | null | undefined;
  readonly subtotal?: Fixed | null | undefined;
  readonly minutes?: Fixed | undefined;
  readonly breakdown?: readonly Item[] | null | undefined;
}

/** A category whose items are told apart by `identity` and measured in `figures`. */
function category<Identity extends z.ZodRawShape, Usage extends z.ZodRawShape, Totals extends z.ZodRawShape>(
  identity: Identity,
  figures: Usage,
  totals: Totals,
) {
  const daily = z.looseObject({ date: Day, subtotal: Decimal, ...figures });
  const item = z.looseObject({ ...identity, subtotal: Decimal, ...figures, daily: listOf(daily).nullish() });
  const money = { subtotal: OtherMoney, credits_used: OtherMoney, total: Decimal };
  return z.looseObject({ ...money, ...totals, breakdown: listOf(item).nullish() }).nullish();
}

const resource = { billable_resource: lenient(BillableResource) };
const minutes = { minutes: lenient(Decimal) };
const count = lenient(Count);
/** Parts of the subtotal, required since 2026-08-22; older answers lack them. */
const costs = { compute_cost: Decimal.nullish(), surcharge_cost: Decimal.nullish() };
const tokens = { input_tokens: count, output_tokens: count, cached_input_tokens: count };

/** `GET /v1/billing/usage_summary`. `{}` is a documented answer; an object of other keys is another document. */
export const UsageSummary = z
  .looseObject({
    dedicated_usage: category(resource, { ...minutes, inference_requests: count, ...costs }, minutes),
    training_usage: category(resource, minutes, minutes),
    model_apis_usage: category({ model_name: lenient(z.string()), model_family: Text }, tokens, {}),
  })
  .refine((body) => Object.keys(body).length === 0 || TIERS.some(({ key }) => Object.hasOwn(body, key)), {
    error: 'holds none of the documented categories',
  });
export type UsageSummary = z.infer<typeof UsageSummary>;

/** The tier label of each category. */
export const TIERS = [
  { tier: 'dedicated', key: 'dedicated_usage' },
  { tier: 'training', key: 'training_usage' },
  { tier: 'model_api', key: 'model_apis_usage' },
] as const;

/** The kinds of resource that are documented; others are counted as drift. */
export const KINDS: ReadonlySet<string> = new Set([
  'MODEL_DEPLOYMENT',
  'TRAINING_JOB',
  'CHAINLET',
  'LOOPS_SAMPLER',
  'LOOPS_TRAINER',
]);
