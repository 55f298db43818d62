import { z } from 'zod';
import type { Fixed } from '../../../core/values/money.ts';
import { Decimal, decimal, lenient, listOf, Text } from '../../api/schemas.ts';
import type { NorthflankConfig } from '../account/config.ts';

/** A price in whole units of the currency. Components may add up to less than the total: some kinds of use have no name. */
export interface MoneyPrice {
  readonly total: Fixed;
  /** By component label; of those that the answer has. */
  readonly components: ReadonlyMap<string, Fixed>;
  /** Whether it has keys beyond the documented components. */
  readonly hasUnknownKeys: boolean;
}

/** The documented components of a price. */
const COMPONENTS: readonly string[] = ['cpu', 'memory', 'storage', 'gpu', 'vcpu', 'cluster', 'gpuMemory'];

/** Decimal text or a number, in units or in cents. */
type Money = ReturnType<typeof decimal>;

/**
 * The total is required wherever a price stands: half an answer must fail, not shrink. That of a whole category is loose: what is
 * charged for something new stands there.
 */
function priceIn(money: Money, objectOf: typeof z.object | typeof z.looseObject = z.object) {
  const parts = Object.fromEntries(COMPONENTS.map((key) => [key, money.nullish()]));
  return objectOf({ total: money, ...parts }).transform(({ total, ...others }): MoneyPrice => {
    const amounts = new Map<string, unknown>(Object.entries(others));
    const known = COMPONENTS.flatMap((key) => {
      const amount = amounts.get(key);
      return typeof amount === 'bigint' ? [[key === 'gpuMemory' ? 'gpu_memory' : key, amount] as const] : [];
    });
    const hasUnknownKeys = [...amounts.keys()].some((key) => !COMPONENTS.includes(key));
    return { total, components: new Map(known), hasUnknownKeys };
  });
}

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
  const entry = { id: Id, name: Text, price: priceIn(money) };
  const resourceType = z
    .object({ resourceType: Id, resources: namedListOf(z.object(entry)) })
    .transform(({ resourceType, resources }) => resources.map((resource) => ({ ...resource, resourceType })));
  return z
    .object({ ...entry, resourceTypes: entriesOf(resourceType) })
    .transform(({ resourceTypes, ...project }) => ({ ...project, resources: resourceTypes.flat() }));
}
export type Project = z.infer<ReturnType<typeof projectIn>>;
export type BilledResource = Project['resources'][number];

function teamIn(money: Money) {
  return z.object({ id: Id, name: Text, price: priceIn(money), projects: namedListOf(projectIn(money)) });
}
/** A team; the id is `""` where the answer starts at the projects. */
export type Team = z.infer<ReturnType<typeof teamIn>>;

/**
 * Platform spend. A category without a price and without entries is as good as absent. Its `usage`, quantities whose units and
 * keys no page names, is known and not read.
 */
function paasIn(money: Money) {
  const shape = z.object({
    price: priceIn(money, z.looseObject).nullish(),
    teams: namedListOf(teamIn(money)),
    projects: namedListOf(projectIn(money)),
  });
  return shape.nullish().transform((paas, context) => {
    if (!paas) return undefined;
    const { price, teams, projects } = paas;
    if (price && (teams.length > 0 || projects.length === 0)) return { price, teams };
    if (price) return { price, teams: [{ id: '', name: undefined, price, projects }] };
    if (teams.length + projects.length === 0) return undefined;
    context.issues.push({ code: 'custom', message: 'entries without a price above them', input: paas });
    return z.NEVER;
  });
}

/** The price of a category. One without a price is as good as absent. */
export function categoryOf<Price extends z.ZodType>(price: Price) {
  return z
    .object({ price: price.nullish() })
    .nullish()
    .transform((category) => category?.price ?? undefined);
}

/** Spend of the whole customer, which has a price and no entries. */
const customerCategory = categoryOf(priceIn(Decimal, z.looseObject));
/** Cents in dollars. */
const Cents = decimal(-2);

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
  byocUsage: categoryOf(priceIn(Cents, z.looseObject)),
});

/** `legacy` has cents under `paasUsage`, `current` whole units of a currency under `paas`. */
export type ApiContract = 'legacy' | 'current';

/**
 * A billing hour of either contract, in whole units of `currency`.
 *
 * The unit follows from the key a price stands under, never from the date: a mistake is a factor of 100.
 */
export function hourOf(data: z.infer<typeof HourData>) {
  const { timestamp, currency, total, paas, paasUsage, byoc, byocUsage, egressIp, loadBalancer, ...unknown } =
    data;
  const platform = paas ?? paasUsage;
  const categories = [paas?.price, paasUsage?.price, byoc, byocUsage, egressIp, loadBalancer];
  return {
    /** Undefined for an hour of neither. */
    contract: contractOf(data),
    /** Unix seconds of the hour's start, where the answer repeats it. */
    timestamp: timestamp ?? undefined,
    currency: (currency ?? 'USD').trim().toUpperCase(),
    total: total ?? undefined,
    /** What the hour says of a tier; undefined where it is silent. */
    prices: {
      paas: platform?.price,
      byoc: byoc ?? byocUsage,
      egress_ip: egressIp,
      load_balancer: loadBalancer,
    },
    teams: platform?.teams ?? [],
    /** In the hour, or in the price of a category: something new may be charged for. */
    hasUnknownFields: Object.keys(unknown).length > 0 || categories.some((price) => price?.hasUnknownKeys),
  };
}
export type BilledHour = ReturnType<typeof hourOf>;

function contractOf(data: z.infer<typeof HourData>): ApiContract | undefined {
  if (data.paas) return 'current';
  if (data.paasUsage || data.byocUsage) return 'legacy';
  const isCurrent = data.byoc || data.egressIp || data.loadBalancer || data.total || data.currency;
  return isCurrent ? 'current' : undefined;
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

export type Tier = keyof BilledHour['prices'];

/** The tiers that an account counts: what Northflank bills to the customer and to no team only with `customerCosts`. */
export function tiersOf({ customerCosts }: NorthflankConfig): readonly Tier[] {
  return customerCosts ? ['paas', 'byoc', 'egress_ip', 'load_balancer'] : ['paas'];
}

/** Those an hour should tell of and does not. The legacy contract has no egress IPs and load balancers to be silent about. */
export function omittedTiersOf({ contract, prices }: BilledHour, tiers: readonly Tier[]): Tier[] {
  const isExpected = (tier: Tier) => contract !== 'legacy' || tier === 'paas' || tier === 'byoc';
  return tiers.filter((tier) => isExpected(tier) && !prices[tier]);
}

/** The provider's own total counts where all tiers do: it may know of more than they. */
export function ownTotalOf({ total }: BilledHour, tiers: readonly Tier[]): Fixed | undefined {
  return tiers.length > 1 ? total : undefined;
}
