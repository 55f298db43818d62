import type { NorthflankConfig } from '../account/config.ts';
import type { BilledHour, MoneyPrice } from './schema.ts';

export type Tier = 'paas' | 'byoc' | 'egress_ip' | 'load_balancer';

/** The tiers that an account counts: what Northflank bills to the customer and to no team only with `customerCosts`. */
export function tiersOf({ customerCosts }: NorthflankConfig): readonly Tier[] {
  return customerCosts ? ['paas', 'byoc', 'egress_ip', 'load_balancer'] : ['paas'];
}

/** What an hour says of a tier; undefined where it is silent. */
export function priceOf(hour: BilledHour, tier: Tier): MoneyPrice | undefined {
  if (tier === 'paas') return hour.paas?.price;
  if (tier === 'byoc') return hour.byoc;
  return tier === 'egress_ip' ? hour.egressIp : hour.loadBalancer;
}

/** Those an hour should tell of and does not. The legacy contract has no egress IPs and load balancers to be silent about. */
export function omittedTiersOf(hour: BilledHour, tiers: readonly Tier[]): Tier[] {
  const isLegacy = hour.contract === 'legacy';
  const expected = tiers.filter((tier) => !isLegacy || tier === 'paas' || tier === 'byoc');
  return expected.filter((tier) => priceOf(hour, tier) === undefined);
}
