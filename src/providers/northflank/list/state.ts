import { z } from 'zod';
import type { Fixed } from '../../../core/values/money.ts';
import { HOUR, type Instant, type Range } from '../../../core/values/time.ts';
import { Amount, defineState } from '../../api/state.ts';
import { type NorthflankConfig, type NorthflankContext, scopeOf } from '../account/config.ts';

/** The feed whose state tells which hours had nothing at all. */
export const LIST_FEED = 'usage_list';

/** Exact amounts by currency and tier, or currency and `total`, such as `USD paas`. */
export type ListedAmounts = Readonly<Record<string, Fixed>>;

/** What the list showed of a UTC day once all of it had settled. */
export interface ListedDay {
  readonly start: Instant;
  /** Every hour of it was listed, apart from those before the first of all. */
  readonly isWhole: boolean;
  readonly amounts: ListedAmounts;
}

/** Hours since the epoch. */
const Hours = z.codec(z.int(), z.number(), {
  decode: (hours): Instant => hours * HOUR,
  encode: (at) => at / HOUR,
});

const DayTuple = z.tuple([Hours, z.boolean(), z.record(z.string(), Amount)]);
const StoredDay = z.codec(DayTuple, z.custom<ListedDay>(), {
  decode: ([start, isWhole, amounts]) => ({ start, isWhole, amounts }),
  encode: ({ start, isWhole, amounts }): z.output<typeof DayTuple> => [start, isWhole, amounts],
});

const StoredRange = z.codec(z.tuple([Hours, Hours]), z.custom<Range>(), {
  decode: ([start, end]) => ({ start, end }),
  encode: ({ start, end }): [Instant, Instant] => [start, end],
});

/** What is known of the list's settled hours, so that they need not be listed again. */
const ListState = z.strictObject({
  /** Whose hours and which costs it is about. */
  scope: z.string(),
  contract: z.enum(['legacy', 'current']).optional(),
  /** Start and end of the settled days that were listed without a break between. */
  from: Hours,
  through: Hours,
  /** The oldest hour that the list ever held. */
  oldest: Hours.optional(),
  /** Of the month and the days that are reconciled, oldest first. */
  days: z.array(StoredDay),
  /** Hours with nothing at all, all of them listed once they had settled; newest first. */
  empty: z.array(StoredRange),
});
export type ListState = z.infer<typeof ListState>;

const stored = defineState(ListState);

/** Undefined also for one that was written for another team or other costs: all is listed again. */
export function readState(text: string | undefined, config: NorthflankConfig): ListState | undefined {
  const state = stored.read(text);
  return state?.scope === listScopeOf(config) ? state : undefined;
}

export const writeState = stored.write;

export function listScopeOf(config: NorthflankConfig): string {
  return JSON.stringify([scopeOf(config), config.customerCosts]);
}

/**
 * Whether an hour can be stated as empty without a request: the list showed it with nothing at all, after it had settled and for the
 * same team and costs, and it was never read. One that was read may have had an amount, which only a request takes back.
 *
 * The as-of of such a statement is that of its poll, later than the list was read. That hides nothing: both are after the hour
 * settled, and no other reading of the hour lies between. The time of the list would be worse, for the account's baseline would lie
 * before anything else that was read.
 */
export function isFree({ config, coverage, stateOf }: NorthflankContext): (hour: Range) => boolean {
  const empty = readState(stateOf(LIST_FEED), config)?.empty ?? [];
  return (hour) =>
    empty.some(({ start, end }) => start <= hour.start && hour.end <= end) && coverage.gaps(hour).length > 0;
}
