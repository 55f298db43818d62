import { type Fixed, ONE } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import type { SimulatedContract } from '../kit/world.ts';
import { ALLOCATION, type SimulatedBalances } from './balances.ts';

/** `GET /billing/balance`. Credits were told later than the seed was written; they and dollars are null when not positive. */
export function balanceOf(
  purseAt: (now: Instant) => SimulatedBalances,
  contract: SimulatedContract,
): (call: SimulatedCall) => Reply {
  return ({ now }) => {
    const purse = purseAt(now);
    const balances = { diem: purse.diem, usd: ifPositive(purse.usd) };
    const credits = {
      bundledCredits: ifPositive(purse.bundled),
      earnedCredits: ifPositive(purse.earned),
    };
    const body = {
      canConsume: Object.values(purse).reduce((sum, amount) => sum + amount, 0n) >= ONE / 10n,
      consumptionCurrency: consumptionOf(purse),
      balances: contract === 'seed' ? balances : { ...balances, ...credits },
      diemEpochAllocation: ALLOCATION,
    };
    return { status: 200, body };
  };
}

function ifPositive(amount: Fixed): Fixed | null {
  return amount > 0n ? amount : null;
}

/** What is spent first. */
function consumptionOf({ diem, earned, bundled, usd }: SimulatedBalances): string | null {
  if (diem > 0n) return 'DIEM';
  if (earned > 0n) return 'EARNED_CREDITS';
  if (bundled > 0n) return 'BUNDLED_CREDITS';
  return usd > 0n ? 'USD' : null;
}
