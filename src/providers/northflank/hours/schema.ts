import { z } from 'zod';
import type { Fixed } from '../../../core/values/money.ts';
import { Decimal, decimal, lenient, listOf, Text } from '../../api/schemas.ts';

/** A price in whole units of the currency. Components may add up to less than the total: some kinds of use have no name. */
export interface MoneyPrice {
  readonly total: Fixed;
  /** By component label; absent or null where the answer has none. */
  readonly components: Readonly<Record<string, Fixed | null | undefined>>;
  /** Whether it has keys beyond the documented components. */
  readonly hasUnknownKeys: boolean;
}

/** Cents in dollars. */
const Cents = decimal(-2);
type Money = typeof Cents;

/** The total is required wherever a price stands: half an answer must fail, not shrink. */
function priceIn(money: Money) {
  return priceOf(money, z.object);
}

/** Of a whole category: what is charged for something new stands there. */
function categoryPriceIn(money: Money) {
  return priceOf(money, z.looseObject);
}

function priceOf(money: Money, objectOf: typeof z.object | typeof z.looseObject) {
  const part = money.nullish();
  const parts = {
    cpu: part,
    memory: part,
    storage: part,
    gpu: part,
    vcpu: part,
    gpuMemory: part,
    cluster: part,
  };
  return objectOf({ total: money, ...parts }).transform((price): MoneyPrice => {
    const { cpu, memory, storage, gpu, vcpu, gpuMemory, cluster } = price;
    const components = { cpu, memory, storage, gpu, vcpu, cluster, gpu_memory: gpuMemory };
    const hasUnknownKeys = Object.keys(price).some((key) => key !== 'total' && !Object.hasOwn(parts, key));
    return { total: price.total, components, hasUnknownKeys };
  });
}

const Name = Text.transform((name) => name ?? undefined);
/** `""` if it is missing. */
const Id = lenient(z.string()).transform((id) => id ?? '');

function entriesOf<Item extends z.ZodType>(item: Item) {
  return listOf(item)
    .nullish()
    .transform((items) => items ?? []);
}

/** Of a list, what can be told apart. What has no id is left to the price above it: it becomes part of the residual. */
function namedListOf<Item extends z.ZodType<{ readonly id: string }>>(item: Item) {
  return entriesOf(item).transform((items) => items.filter(({ id }) => id !== ''));
}

function projectIn(money: Money) {
  const price = priceIn(money);
  const resource = z.object({ id: Id, name: Name, price });
  const type = lenient(z.string()).transform((text) => text ?? '');
  const resourceType = z.object({ resourceType: type, resources: namedListOf(resource) });
  return z.object({ id: Id, name: Name, price, resourceTypes: entriesOf(resourceType) });
}
export type Project = z.infer<ReturnType<typeof projectIn>>;
export type ResourceType = Project['resourceTypes'][number];
export type BilledResource = ResourceType['resources'][number];

function teamIn(money: Money) {
  return z.object({ id: Id, name: Name, price: priceIn(money), projects: namedListOf(projectIn(money)) });
}
/** A team; the id is `""` where the answer starts at the projects. */
export type Team = z.infer<ReturnType<typeof teamIn>>;

/**
 * Platform spend. A category without a price and without entries is as good as absent. Its `usage`, quantities whose units and
 * keys no page names, is known and not read.
 */
function paasIn(money: Money) {
  const shape = z.object({
    price: categoryPriceIn(money).nullish(),
    teams: namedListOf(teamIn(money)),
    projects: namedListOf(projectIn(money)),
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

/** Spend of the whole customer, which has a price and no entries. */
function customerCategoryIn(money: Money) {
  return z
    .object({ price: categoryPriceIn(money).nullish() })
    .nullish()
    .transform((category) => category?.price ?? undefined);
}

const customerCategory = customerCategoryIn(Decimal);
/** A billing hour as it stands in any answer. */
export const HourData = z.looseObject({
  timestamp: lenient(z.number().nullish()),
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
export type ApiContract = 'legacy' | 'current' | 'unknown';

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
    hasUnknownFields: hasUnknownFields(data),
  };
}
export type BilledHour = ReturnType<typeof hourOf>;

/** In the hour, or in the price of a category: something new may be charged for. */
function hasUnknownFields(data: z.infer<typeof HourData>): boolean {
  const { paas, paasUsage, byoc, byocUsage, egressIp, loadBalancer } = data;
  const prices = [paas?.price, paasUsage?.price, byoc, byocUsage, egressIp, loadBalancer];
  return (
    Object.keys(data).some((key) => !(key in HourData.shape)) || prices.some((price) => price?.hasUnknownKeys)
  );
}

/**
 * `GET /v1/billing/usage/{timestamp}` in either contract.
 * https://northflank.com/docs/v1/api/billing-api and https://northflank.com/docs/v1/api/org/billing/get-usage
 */
export const UsageHour = z
  .object({
    data: HourData,
    // Without it a list is known to be cut by what its entries do not make up.
    pagination: lenient(z.object({ hasNextPage: lenient(z.boolean().nullish()) }).nullish()),
  })
  .transform(({ data, pagination }) => ({
    ...hourOf(data),
    hasNextPage: pagination?.hasNextPage ?? false,
  }));
export type UsageHour = z.infer<typeof UsageHour>;

function contractOf(data: z.infer<typeof HourData>): ApiContract {
  if (data.paas) return 'current';
  if (data.paasUsage || data.byocUsage) return 'legacy';
  const isCurrent = data.byoc || data.egressIp || data.loadBalancer || data.total || data.currency;
  return isCurrent ? 'current' : 'unknown';
}
