import type { SimulatedContract } from '../kit/world.ts';
import { counted, type InferenceShRow } from './rows.ts';

/**
 * The answer to `GET /usage/tasks/{taskID}/cost`. It is not documented: this one has the fees of the pricing preview, flat or nested,
 * and a few unknown fields.
 */
export function taskCostOf(
  { microcents, seconds = 0, tier, model }: InferenceShRow,
  contract: SimulatedContract,
): object {
  const resource = (microcents * 3n) / 5n;
  const fees = {
    resource_fee: counted(resource),
    inference_fee: counted(microcents - resource),
    royalty_fee: counted(0n),
    partner_fee: counted(0n),
    total: counted(microcents),
  };
  const nested = Object.entries(fees).map(([name, value]) => [name, { value }] as const);
  return {
    ...(contract === 'seed' ? fees : Object.fromEntries(nested)),
    status: 10,
    usage: { seconds, tier: tier ?? 'cloud', ...(model !== undefined && { model }) },
  };
}
