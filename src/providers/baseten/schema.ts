import { z } from 'zod';
import type { Fixed } from '../../core/money.ts';
import type { Instant } from '../../core/time.ts';
import { Count, Decimal, listOf } from '../schemas.ts';

// https://docs.baseten.co/reference/management-api/billing/gets-billing-usage-summary-for-a-date-range
// Money and counts are required as documented: half a page must fail, not shrink. What only names things may be missing.

const Text = z.string().nullish();

/** What was used at what cost: of a category, of an item, or of a day of an item. */
export interface Figures {
  /** US dollars. */
  readonly subtotal: Fixed;
  readonly minutes?: Fixed;
  readonly inference_requests?: Fixed;
  /** Includes the cached ones. */
  readonly input_tokens?: Fixed;
  readonly cached_input_tokens?: Fixed;
  readonly output_tokens?: Fixed;
}

/** The figures of one UTC day. */
export interface Daily extends Figures {
  readonly date: Instant;
}

/** A deployment, a training job or a chainlet. */
export const BillableResource = z.looseObject({
  id: z.string().min(1),
  kind: Text,
  name: Text,
  model_name: Text,
  is_deleted: z.boolean().nullish(),
  instance_type: Text,
  environment_name: Text,
  chain_metadata: z
    .looseObject({
      chain_id: Text,
      chain_name: Text,
      chain_deployment_id: Text,
      chainlet_id: Text,
      chainlet_name: Text,
    })
    .nullish(),
  // Met since October 2026.
  model_id: Text,
  base_model: Text,
  team_id: Text,
  team_name: Text,
});
export type BillableResource = z.infer<typeof BillableResource>;

/** One row of a breakdown; the same resource may have several. */
export interface Item extends Figures {
  readonly billable_resource?: BillableResource;
  readonly model_name?: string;
  readonly daily?: readonly Daily[] | null | undefined;
}

/** Dedicated serving, training or model APIs: `total` is gross, `subtotal` is what remains of it after credits. */
export interface Category {
  readonly total: Fixed;
  readonly credits_used: Fixed;
  readonly subtotal: Fixed;
  readonly minutes?: Fixed;
  readonly breakdown?: readonly Item[] | null | undefined;
}

/** A UTC day as its first instant. */
const Day = z.iso.date().transform((text): Instant => Date.parse(text));

/** A category whose items are told apart by `identity` and measured in `figures`. */
function category<Identity extends z.ZodRawShape, Usage extends z.ZodRawShape, Totals extends z.ZodRawShape>(
  identity: Identity,
  figures: Usage,
  totals: Totals,
) {
  const daily = z.looseObject({ date: Day, subtotal: Decimal, ...figures });
  const item = z.looseObject({ ...identity, subtotal: Decimal, ...figures, daily: listOf(daily).nullish() });
  const money = { subtotal: Decimal, credits_used: Decimal, total: Decimal };
  return z.looseObject({ ...money, ...totals, breakdown: listOf(item).nullish() }).nullish();
}

const resource = { billable_resource: BillableResource };
const minutes = { minutes: Decimal };
/** Parts of the subtotal, met since October 2026. */
const costs = { compute_cost: Decimal.nullish(), surcharge_cost: Decimal.nullish() };
const tokens = { input_tokens: Count, output_tokens: Count, cached_input_tokens: Count };

/** `GET /v1/billing/usage_summary`. `{}` is a documented answer; an object of other keys is another document. */
export const UsageSummary = z
  .looseObject({
    dedicated_usage: category(resource, { ...minutes, inference_requests: Count, ...costs }, minutes),
    training_usage: category(resource, minutes, minutes),
    model_apis_usage: category({ model_name: z.string(), model_family: Text }, tokens, {}),
  })
  .refine((body) => Object.keys(body).length === 0 || TIERS.some(({ key }) => Object.hasOwn(body, key)), {
    error: 'holds none of the documented categories',
  });
export type UsageSummary = z.infer<typeof UsageSummary>;

/** Documented, and of no use here. */
const Unused = z.unknown().optional();

/** `GET /v1/instance_type_prices`: US dollars a minute. */
export const InstanceTypePrices = z.looseObject({
  instance_types: listOf(
    z.looseObject({
      instance_type: z.looseObject({
        id: z.string().min(1),
        name: Text,
        memory_limit_mib: Unused,
        millicpu_limit: Unused,
        gpu_count: Unused,
        gpu_type: Unused,
        gpu_memory_limit_mib: Unused,
      }),
      price: Decimal,
    }),
  ),
});
export type InstanceTypePrices = z.infer<typeof InstanceTypePrices>;

/** `GET /v1/models`. */
export const Models = z.looseObject({
  models: listOf(
    z.looseObject({
      id: z.string().min(1),
      name: Text,
      production_deployment_id: Text,
      development_deployment_id: Text,
      team_name: Text,
      created_at: Unused,
      deployments_count: Unused,
      instance_type_name: Unused,
    }),
  ),
});
export type Models = z.infer<typeof Models>;

/** `GET /v1/teams`. */
export const Teams = z.looseObject({
  teams: listOf(z.looseObject({ id: z.string().min(1), name: Text, default: Unused, created_at: Unused })),
});
export type Teams = z.infer<typeof Teams>;

/** The tier label of each category. */
export const TIERS = [
  { tier: 'dedicated', key: 'dedicated_usage' },
  { tier: 'training', key: 'training_usage' },
  { tier: 'model_api', key: 'model_apis_usage' },
] as const;

/** A category of a summary; undefined where it is absent or null. */
export function categoryOf(summary: UsageSummary, key: (typeof TIERS)[number]['key']): Category | undefined {
  return summary[key] ?? undefined;
}

/** The kinds of resource that are documented; others are counted as drift. */
export const KINDS: ReadonlySet<string> = new Set([
  'MODEL_DEPLOYMENT',
  'TRAINING_JOB',
  'CHAINLET',
  'LOOPS_SAMPLER',
  'LOOPS_TRAINER',
]);
