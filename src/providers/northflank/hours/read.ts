import type { Charge, Reconciliation } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import type { Range } from '../../../core/values/time.ts';
import type { RangeReading } from '../../api/provider.ts';
import { reading, sum } from '../../api/readings.ts';
import type { NorthflankConfig } from '../account/config.ts';
import { driftOf } from './drift.ts';
import { placesOf, type ResourcePlace, resourcesOf } from './resources.ts';
import type { MoneyPrice, UsageHour } from './schema.ts';
import { viewsOf } from './team.ts';
import { omittedTiersOf, priceOf, type Tier, tiersOf } from './tiers.ts';
import type { HourPage } from './tree.ts';
import { scopeOf } from './verify-scope.ts';

/**
 * Reads the walk through one hour.
 *
 * The charges of a tier always add up to the price that the unfiltered hour gives for it: what no resource accounts for, on
 * either side of zero, is a charge of its own with resource `""`.
 * @throws {PollError} `contract` when an answer is about another hour.
 */
export function readHour(pages: readonly HourPage[], range: Range, config: NorthflankConfig): RangeReading {
  const hour = pages[0]?.hour;
  const isTeamForm = config.teamId !== undefined;
  const places = placesOf(viewsOf(pages, isTeamForm), !isTeamForm);
  const tiers = tiersOf(config);
  const charges = hour ? chargesOf(hour, places, tiers, range.start) : [];
  return reading({
    statement: {
      granularity: 'hour',
      range,
      charges,
      omittedTiers: hour ? omittedTiersOf(hour, tiers) : tiers,
    },
    resources: resourcesOf(places),
    reconciliation: hour && reconciliationOf(hour, tiers, charges),
    drift: driftOf(pages, range),
    state: hour && scopeOf(config),
  });
}

function chargesOf(
  hour: UsageHour,
  places: readonly ResourcePlace[],
  tiers: readonly Tier[],
  at: number,
): Charge[] {
  const { currency } = hour;
  const priced = (
    tier: Tier,
    resource: string,
    price: Pick<MoneyPrice, 'total' | 'components'>,
  ): Charge[] => {
    const base = { at, resource, model: '', tier, ...(currency !== 'USD' && { currency }) };
    return [
      { ...base, measure: 'cost' as const, detail: currency, value: price.total },
      ...Object.entries(price.components).flatMap(([detail, value]) =>
        typeof value === 'bigint' ? [{ ...base, measure: 'component_cost' as const, detail, value }] : [],
      ),
    ];
  };
  const resources = places.flatMap(({ label, resource }) => priced('paas', label, resource.price));
  const prices = places.map(({ resource }) => resource.price);
  const rest = residualOf(hour.paas?.price, prices);
  const residual = priced('paas', '', rest).filter(({ value }) => value !== 0n);
  const whole = tiers.flatMap((tier) => {
    const price = tier === 'paas' ? undefined : priceOf(hour, tier);
    return price ? priced(tier, '', price) : [];
  });
  return [...resources, ...residual, ...whole];
}

/**
 * What no resource accounts for, in all and by component, so that the components add up wherever the cost does. Of a component that
 * the hour does not tell, nothing is left over.
 */
function residualOf(
  whole: MoneyPrice | undefined,
  resources: readonly MoneyPrice[],
): Pick<MoneyPrice, 'total' | 'components'> {
  const rest = (all: Fixed, partOf: (price: MoneyPrice) => Fixed | null | undefined) =>
    all - sum(resources.map((price) => partOf(price) ?? 0n));
  const known = Object.entries(whole?.components ?? {}).flatMap(([name, value]) =>
    typeof value === 'bigint' ? [[name, rest(value, ({ components }) => components[name])] as const] : [],
  );
  return { total: rest(whole?.total ?? 0n, ({ total }) => total), components: Object.fromEntries(known) };
}

/** In dollars only: a difference in another currency has no dollar value here. */
function reconciliationOf(
  hour: UsageHour,
  tiers: readonly Tier[],
  charges: readonly Charge[],
): Reconciliation | undefined {
  if (hour.currency !== 'USD') return undefined;
  if (hour.total !== undefined && tiers.length > 1) {
    return { difference: hour.total - sumOf(charges), against: 'total of the unfiltered hour' };
  }
  const priced = tiers.flatMap((tier) => priceOf(hour, tier)?.total ?? []);
  if (priced.length === 0) return undefined;
  const named = tiers.filter((tier) => priceOf(hour, tier)).join(' + ');
  return { difference: sum(priced) - sumOf(charges), against: `${named} of the unfiltered hour` };
}

function sumOf(charges: readonly Charge[]): Fixed {
  return sum(charges.filter(({ measure }) => measure === 'cost').map(({ value }) => value));
}
