import { type Fixed, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, startOfDay, startOfMonth } from '../../../src/core/values/time.ts';
import type { BillingBooks } from '../kit/books.ts';
import type { World } from '../kit/world.ts';
import type { VeniceRow } from './rows.ts';

/** DIEM that a stake gives each UTC day; what is left of it is lost at midnight. */
export const ALLOCATION = parseDecimal('100');
/** Credits of the plan, renewed each month. */
const PLAN = parseDecimal('60');
/** The initial dollar balance. */
const OPENING = parseDecimal('40');

/** The remaining balances. */
export interface SimulatedBalances {
  readonly diem: Fixed;
  readonly usd: Fixed;
  readonly bundled: Fixed;
  readonly earned: Fixed;
}

/** What was bought, earned and granted, less charges. */
export function balancesAt(
  books: BillingBooks<VeniceRow>,
  world: World,
): (now: Instant) => SimulatedBalances {
  const settled = new Map<string, ReadonlyMap<string, Fixed>>();
  const netsOf = (day: Instant, now: Instant) => {
    const moment = books.moment(now);
    const key = `${moment.version} ${day}`;
    const nets = settled.get(key) ?? netsIn(books.rows({ start: day, end: day + DAY }, moment));
    if (day + DAY + 6 * HOUR < now) settled.set(key, nets);
    return nets;
  };
  const since = (start: Instant, currency: string, now: Instant) => {
    let sum = 0n;
    for (let day = Math.max(start, startOfDay(world.genesis)); day <= now; day += DAY)
      sum += netsOf(day, now).get(currency) ?? 0n;
    return sum;
  };
  return (now) => ({
    diem: ALLOCATION + since(startOfDay(now), 'DIEM', now),
    usd: OPENING + since(world.genesis, 'USD', now),
    bundled: PLAN + since(startOfMonth(now), 'BUNDLED_CREDITS', now),
    earned: since(world.genesis, 'EARNED_CREDITS', now),
  });
}

function netsIn(rows: readonly VeniceRow[]): ReadonlyMap<string, Fixed> {
  const nets = new Map<string, Fixed>();
  for (const { currency, amount } of rows) nets.set(currency, (nets.get(currency) ?? 0n) + amount);
  return nets;
}
