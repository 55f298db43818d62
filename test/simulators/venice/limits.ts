import { fromInteger } from '../../../src/core/values/money.ts';
import { DAY, type Instant, startOfDay } from '../../../src/core/values/time.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import type { SimulatedBalances } from './balances.ts';
import { PIECES, TOKEN_MODELS } from './catalogue.ts';

/** `GET /api_keys/rate_limits`: of a paid account, whose key never expires. */
export function limitsOf(purseAt: (now: Instant) => SimulatedBalances): (call: SimulatedCall) => Reply {
  return ({ now }) => {
    const { usd, diem } = purseAt(now);
    const data = {
      accessPermitted: true,
      apiTier: { id: 'paid', isCharged: true },
      balances: { USD: usd, DIEM: diem },
      keyExpiration: null,
      nextEpochBegins: new Date(startOfDay(now) + DAY).toISOString(),
      rateLimits: [
        ...TOKEN_MODELS.map(({ id }) => limit(id, { RPM: 50n, RPD: 30_000n, TPM: 750_000n })),
        ...PIECES.map(({ model }) => limit(model, { RPM: 20n, RPD: 14_400n })),
      ],
    };
    return { status: 200, body: { data } };
  };
}

function limit(apiModelId: string, amounts: Readonly<Record<string, bigint>>): object {
  const rateLimits = Object.entries(amounts).map(([type, count]) => ({ amount: fromInteger(count), type }));
  return { apiModelId, rateLimits };
}
