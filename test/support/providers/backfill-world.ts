import { parseDecimal } from '../../../src/core/values/money.ts';
import { bucketsIn, DAY, HOUR, type Instant, type Range } from '../../../src/core/values/time.ts';
import { startBaseten } from '../../simulators/baseten/server.ts';
import { roll } from '../../simulators/kit/random.ts';
import { startVenice } from '../../simulators/venice/server.ts';
import type { Scope } from '../exporter/process.ts';

const SEED = 15;

/** Two providers with few series, whose days were revised, refunded and taken back. */
export async function startBackfillWorld(scope: Scope, range: Range) {
  const options = { generate: false, key: 'a-key-of-the-test' };
  const [baseten, venice] = await Promise.all([startBaseten(options), startVenice(options)]);
  scope.after(() => Promise.all([baseten.close(), venice.close()]));
  for (const [index, day] of bucketsIn(DAY, range).entries()) {
    for (const name of ['busy', 'idle']) {
      const resource = { id: name, kind: 'MODEL_DEPLOYMENT', name, model_name: `${name}-model` };
      const row = { category: 'dedicated', at: day, resource, minutes: 60, inference_requests: 9 } as const;
      const entry = baseten.book({ ...row, subtotal: usd(10 * roll(SEED, index, name.length)) });
      if (index % 7 === 0) entry.revise({ subtotal: usd(roll(SEED, index)) });
      if (index % 11 === 0) entry.remove();
    }
    const charge = (at: Instant, amount: number) =>
      venice.book({
        ...{ at, sku: 'alpha-llm-output-mtoken', currency: 'USD', notes: 'API Inference' },
        ...{ units: usd(Math.abs(amount)), pricePerUnitUsd: usd(1), amount: usd(amount) },
        ...{ inferenceDetails: null, model: 'alpha' },
      });
    charge(day + Math.floor(20 * roll(SEED, index, 1)) * HOUR, -1 - roll(SEED, index, 2));
    // More than was charged that minute: the corrections of the counter.
    if (index % 5 === 0) charge(day + 21 * HOUR, 0.25);
  }
  return { baseten, venice };
}

/** Exact to a hundredth of a cent. */
function usd(dollars: number) {
  return parseDecimal(dollars.toFixed(4));
}
