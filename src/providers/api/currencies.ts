import { constantRate, DOLLAR_RATES, type Rates } from '../../core/values/exchange-rates.ts';
import { parseDecimal } from '../../core/values/money.ts';
import type { Provider } from './provider.ts';

/** Rates that need no configuration: the dollar's, and those of the virtual currencies that providers define by it. */
export function defaultRates(registry: readonly Provider<unknown>[]): Rates {
  const defined = registry.flatMap(({ currencies = {} }) =>
    Object.entries(currencies).map(([name, { usd }]) => [name, constantRate(parseDecimal(usd))] as const),
  );
  return new Map([...DOLLAR_RATES, ...defined]);
}

/** The provider's currencies of which there is as much again every day. */
export function refillingOf({ currencies = {} }: Provider<unknown>): ReadonlySet<string> {
  return new Set(Object.keys(currencies).filter((name) => currencies[name]?.refills));
}
