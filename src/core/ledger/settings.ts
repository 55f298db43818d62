import type { Rates } from '../values/exchange-rates.ts';
import type { Granularities, Instant, Range } from '../values/time.ts';
import { type AccountRow, nextKey } from './records.ts';

/** What the configuration says of an account, as far as the ledger needs it. */
export interface AccountSettings {
  readonly provider: string;
  readonly name: string;
  /** How far back the first read goes. Default: the start of last month. */
  readonly since: Instant | undefined;
  /** Series the account may expose before further label sets overflow. */
  readonly maxSeries: number;
  readonly rates: Rates;
  /** Currencies of which there is as much again every day: a balance in them never runs out for good. */
  readonly refilling?: ReadonlySet<string>;
  readonly streams: readonly StreamSettings[];
}

/** An account that is configured for the first time. */
export function newAccount(
  accounts: ReadonlyMap<number, AccountRow>,
  { provider, name }: Pick<AccountRow, 'provider' | 'name'>,
  now: Instant,
): AccountRow {
  return {
    id: nextKey(accounts),
    provider,
    name,
    openedAt: now,
    overflowCount: 0,
    zeroShown: false,
  };
}

export interface StreamSettings {
  readonly name: string;
  /** Finest first. */
  readonly granularities: Granularities;
  /** How long after its end a bucket may still be revised. */
  readonly settleMs: number;
  /** How far back any feed reads again. */
  readonly reachMs: number;
  /** How far behind the present the readings normally are. */
  readonly lagMs: number;
  /** The provider bills a bucket only once it has ended: until it was read, it is unknown and not 0. */
  readonly closedBuckets?: boolean;
  /** Resources of which tiers (true: of all) are used with several models, as a project is: their labels do not freeze. */
  readonly sharedResources?: boolean | readonly string[];
}

/** Whether nothing is known of a day before it has ended and was read. */
export function hasClosedDays({ closedBuckets = false, granularities }: StreamSettings): boolean {
  return closedBuckets && granularities[0] === 'day';
}

export interface FeedKey {
  readonly account: number;
  readonly feed: string;
}

/** What one statement did. */
export interface StatementOutcome {
  /** Anything that is shown may have moved. */
  readonly changed: boolean;
  /** Currencies that no rate turns into dollars. */
  readonly unconverted: ReadonlySet<string>;
  /** Parts of the statement that came too late: rolled up, or kept by the day and not covered whole. */
  readonly late: readonly Range[];
  /** Tiers whose old amounts stay until another answer also lacks them. */
  readonly keptTiers: ReadonlySet<string>;
}
