import { z } from 'zod';
import { type Fixed, formatDecimal } from '../../../core/values/money.ts';
import { HOUR, type Instant, type Range } from '../../../core/values/time.ts';
import { Decimal } from '../../api/schemas.ts';
import type { NorthflankConfig } from '../config.ts';
import { scopeOf } from '../hours/verify-scope.ts';

/** Exact amounts by currency and tier, or currency and `total`, such as `USD paas`. */
export type ListedAmounts = ReadonlyMap<string, Fixed>;

/** What the list showed of a UTC day once all of it had settled. */
export interface ListedDay {
  readonly start: Instant;
  /** Every hour of it was listed, but for those before the first of all. */
  readonly isWhole: boolean;
  readonly amounts: ListedAmounts;
}

/** What is known of the list's settled hours, so that they need not be listed again. */
export interface ListMemo {
  readonly contract: 'legacy' | 'current' | undefined;
  /** Start and end of the settled days that were listed without a break between. */
  readonly from: Instant;
  readonly through: Instant;
  /** The oldest hour that the list ever held. */
  readonly oldest: Instant | undefined;
  /** Of the month and the days that are reconciled, oldest first. */
  readonly days: readonly ListedDay[];
  /** Hours with nothing at all, all of them listed once they had settled; newest first. */
  readonly empty: readonly Range[];
}

const Hours = z.int().transform((hours): Instant => hours * HOUR);

const Written = z.strictObject({
  scope: z.string(),
  contract: z.enum(['legacy', 'current']).optional(),
  from: Hours,
  through: Hours,
  oldest: Hours.optional(),
  days: z.array(z.tuple([Hours, z.boolean(), z.record(z.string(), Decimal)])),
  empty: z.array(z.tuple([Hours, Hours])),
});

/** Reads a state. One that was written for another team or other costs, or cannot be read, is none: all is listed again. */
export function recall(state: string | undefined, config: NorthflankConfig): ListMemo | undefined {
  const parsed = Written.safeParse(jsonOf(state));
  if (!parsed.success || parsed.data.scope !== listScope(config)) return undefined;
  const { contract, from, through, oldest, days, empty } = parsed.data;
  return {
    ...{ contract, from, through, oldest },
    days: days.map(([start, isWhole, amounts]) => ({
      start,
      isWhole,
      amounts: new Map(Object.entries(amounts)),
    })),
    empty: empty.map(([start, end]) => ({ start, end })),
  };
}

/** The state as text. Instants are in hours since the epoch. */
export function written({ days, empty, ...state }: ListMemo, config: NorthflankConfig): string {
  const { contract, from, through, oldest } = state;
  return JSON.stringify({
    ...{ scope: listScope(config), contract, from: from / HOUR, through: through / HOUR },
    ...(oldest !== undefined && { oldest: oldest / HOUR }),
    days: days.map(({ start, isWhole, amounts }) => [
      start / HOUR,
      isWhole,
      Object.fromEntries([...amounts].map(([key, amount]) => [key, formatDecimal(amount)])),
    ]),
    empty: empty.map(({ start, end }) => [start / HOUR, end / HOUR]),
  });
}

function listScope(config: NorthflankConfig): string {
  return JSON.stringify([scopeOf(config), config.customerCosts]);
}

function jsonOf(state: string | undefined): unknown {
  try {
    return JSON.parse(state ?? '');
  } catch {
    return undefined;
  }
}
