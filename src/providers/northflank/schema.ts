import { z } from 'zod';
import { type Fixed, parseDecimal } from '../../core/money.ts';
import { Decimal, listOf } from '../schemas.ts';

/** A price in whole units of the currency. Components may add up to less than the total: some kinds of use have no name. */
export interface Price {
  readonly total: Fixed;
  /** By component label; absent or null where the answer has none. */
  readonly components: Readonly<Record<string, Fixed | null | undefined>>;
}

/** Cents, as a JSON number or its source text, in dollars: shifted as text, so that it rounds once. */
const Cents = z.union([z.number(), z.string()]).transform((value, context): Fixed => {
  const [digits, exponent] = String(value).split(/e/i);
  try {
    return parseDecimal(`${digits}e${Number(exponent ?? 0) - 2}`);
  } catch {
    context.issues.push({ code: 'custom', message: 'not a decimal number', input: value });
    return z.NEVER;
  }
});
type Money = typeof Cents;

/** The total is required wherever a price stands: half an answer must fail, not shrink. */
function priceIn(money: Money) {
  const part = money.nullish();
  return z
    .object({
      total: money,
      cpu: part,
      memory: part,
      storage: part,
      gpu: part,
      vcpu: part,
      gpuMemory: part,
      cluster: part,
    })
    .transform(
      ({ total, gpuMemory, ...parts }): Price => ({ total, components: { ...parts, gpu_memory: gpuMemory } }),
    );
}

const Name = z
  .string()
  .nullish()
  .transform((name) => name ?? undefined);

function entriesOf<Item extends z.ZodType>(item: Item) {
  return listOf(item)
    .nullish()
    .transform((items) => items ?? []);
}

function projectIn(money: Money) {
  const price = priceIn(money);
  const resource = z.object({ id: z.string(), name: Name, price });
  const resourceType = z.object({ resourceType: z.string(), resources: entriesOf(resource) });
  return z.object({ id: z.string(), name: Name, price, resourceTypes: entriesOf(resourceType) });
}
export type Project = z.infer<ReturnType<typeof projectIn>>;
export type ResourceType = Project['resourceTypes'][number];
export type Resource = ResourceType['resources'][number];

function teamIn(money: Money) {
  return z.object({
    id: z.string(),
    name: Name,
    price: priceIn(money),
    projects: entriesOf(projectIn(money)),
  });
}
/** A team; the id is `""` where the answer starts at the projects. */
export type Team = z.infer<ReturnType<typeof teamIn>>;

/** Platform spend. A category without a price and without entries is as good as absent. */
function paasIn(money: Money) {
  const shape = z.object({
    price: priceIn(money).nullish(),
    teams: entriesOf(teamIn(money)),
    projects: entriesOf(projectIn(money)),
  });
  return shape.nullish().transform((paas, context) => {
    if (!paas) return undefined;
    const { price, teams, projects } = paas;
    const alone = projects.length === 0 ? [] : [{ id: '', name: undefined, projects }];
    if (price) return { price, teams: teams.length > 0 ? teams : alone.map((team) => ({ ...team, price })) };
    if (teams.length + projects.length === 0) return undefined;
    context.issues.push({ code: 'custom', message: 'entries without a price above them', input: paas });
    return z.NEVER;
  });
}
export type Paas = NonNullable<z.infer<ReturnType<typeof paasIn>>>;

/** Spend of the whole customer, which has a price and no entries. */
function customerCategoryIn(money: Money) {
  return z
    .object({ price: priceIn(money).nullish() })
    .nullish()
    .transform((category) => category?.price ?? undefined);
}

const customerCategory = customerCategoryIn(Decimal);
/** A billing hour as it stands in any answer. */
export const HourData = z.looseObject({
  timestamp: z.number().nullish(),
  currency: z.string().min(1).nullish(),
  total: Decimal.nullish(),
  paas: paasIn(Decimal),
  byoc: customerCategory,
  egressIp: customerCategory,
  loadBalancer: customerCategory,
  paasUsage: paasIn(Cents),
  byocUsage: customerCategoryIn(Cents),
});

/** `legacy` has cents under `paasUsage`, `current` whole units of a currency under `paas`; `unknown` has neither. */
export type Contract = 'legacy' | 'current' | 'unknown';

/**
 * A billing hour of either contract, in whole units of `currency`.
 *
 * The unit follows from the key a price stands under, never from the date: a mistake is a factor of 100.
 */
export function hourOf(data: z.infer<typeof HourData>) {
  return {
    contract: contractOf(data),
    /** Unix seconds of the hour's start, where the answer repeats it. */
    timestamp: data.timestamp ?? undefined,
    currency: (data.currency ?? 'USD').trim().toUpperCase(),
    total: data.total ?? undefined,
    paas: data.paas ?? data.paasUsage,
    byoc: data.byoc ?? data.byocUsage,
    egressIp: data.egressIp,
    loadBalancer: data.loadBalancer,
    unknownFields: Object.keys(data).filter((key) => !(key in HourData.shape)),
  };
}
export type BilledHour = ReturnType<typeof hourOf>;

/**
 * `GET /v1/billing/usage/{timestamp}` in either contract.
 * https://northflank.com/docs/v1/api/billing-api and https://northflank.com/docs/v1/api/org/billing/get-usage
 */
export const UsageHour = z
  .object({ data: HourData, pagination: z.object({ hasNextPage: z.boolean().nullish() }).nullish() })
  .transform(({ data, pagination }) => ({
    ...hourOf(data),
    hasNextPage: pagination?.hasNextPage ?? false,
  }));
export type UsageHour = z.infer<typeof UsageHour>;

function contractOf(data: z.infer<typeof HourData>): Contract {
  if (data.paas) return 'current';
  if (data.paasUsage || data.byocUsage) return 'legacy';
  const isCurrent = data.byoc || data.egressIp || data.loadBalancer || data.total || data.currency;
  return isCurrent ? 'current' : 'unknown';
}
