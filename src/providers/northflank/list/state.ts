import { z } from 'zod';
import type { Fixed } from '../../../core/values/money.ts';
import { HOUR, type Instant, type Range } from '../../../core/values/time.ts';
import { Amount, defineState } from '../../api/state.ts';
import type { NorthflankConfig } from '../account/config.ts';
import { scopeOf } from '../hours/verify-scope.ts';

/** Exact amounts by currency and tier, or currency and `total`, such as `USD paas`. */
export type ListedAmounts = ReadonlyMap<string, Fixed>;

/** What the list showed of a UTC day once all of it had settled. */
export interface ListedDay {
  readonly start: Instant;
  /** Every hour of it was listed, apart from those before the first of all. */
  readonly isWhole: boolean;
  readonly amounts: ListedAmounts;
}

/** What is known of the list's settled hours, so that they need not be listed again. */
export interface ListState {
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

/** Hours since the epoch. */
const Hours = z.codec(z.int(), z.number(), {
  decode: (hours): Instant => hours * HOUR,
  encode: (at) => at / HOUR,
});

const stored = defineState(
  z.strictObject({
    scope: z.string(),
    contract: z.enum(['legacy', 'current']).optional(),
    from: Hours,
    through: Hours,
    oldest: Hours.optional(),
    days: z.array(z.tuple([Hours, z.boolean(), z.record(z.string(), Amount)])),
    empty: z.array(z.tuple([Hours, Hours])),
  }),
);

/** Undefined also for one that was written for another team or other costs: all is listed again. */
export function readState(text: string | undefined, config: NorthflankConfig): ListState | undefined {
  const state = stored.read(text);
  if (state?.scope !== scopeOfList(config)) return undefined;
  const { contract, from, through, oldest, days, empty } = state;
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

export function writeState({ days, empty, ...rest }: ListState, config: NorthflankConfig): string {
  return stored.write({
    scope: scopeOfList(config),
    ...rest,
    days: days.map(({ start, isWhole, amounts }) => [start, isWhole, Object.fromEntries(amounts)]),
    empty: empty.map(({ start, end }) => [start, end]),
  });
}

function scopeOfList(config: NorthflankConfig): string {
  return JSON.stringify([scopeOf(config), config.customerCosts]);
}
