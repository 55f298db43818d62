import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import { floorTo, HOUR, type Instant } from '../../../src/core/values/time.ts';
import type { Reply } from '../kit/reply.ts';

/** Prepaid credit of a customer, in dollars. */
export interface Credit {
  readonly granted: Fixed;
  /** Granted, but not to be spent yet. */
  readonly pending?: Fixed;
}

/** Lasts the demo for some months. */
export const DEMO_CREDIT: Credit = { granted: fromInteger(20_000n) };

/** The current contract's balance after so much was spent; what goes beyond the credit is owed. */
export function creditBalance({ granted, pending = 0n }: Credit, spent: Fixed, now: Instant): Reply {
  const left = granted - spent;
  const available = left > 0n ? left : 0n;
  const body = {
    currency: 'usd',
    total: { available, pending },
    grants: { available, pending },
    customerBalance: { amount: left - available },
    lastSyncedAt: new Date(floorTo(HOUR, now)).toISOString(),
  };
  return { status: 200, body: { data: body } };
}
