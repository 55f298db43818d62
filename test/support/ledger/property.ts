import fc from 'fast-check';
import { roll } from '../../simulators/kit/random.ts';

/** The seed of the gate: each run tries the same examples. */
const GATE_SEED = 20_261_120;

/** `npm run laws` sets the first two; the last is the path that a failing property prints. */
const { LEDGER_SEED, LEDGER_RUNS, LEDGER_PATH } = process.env;

/** The seed of this run; the gate's by default. */
export const SEED = LEDGER_SEED ? Number(LEDGER_SEED) : GATE_SEED;

/** The number of examples of a property, and whether a failing one is shrunk. */
export type Effort = Pick<fc.Parameters<unknown>, 'numRuns' | 'endOnFailure'>;

/** Checks a property with `numRuns` examples (100 by default), or with `LEDGER_RUNS` if that is more. */
export function assertProperty<Ts>(property: fc.IProperty<Ts>, effort?: Effort): void {
  fc.assert(property, parametersOf(effort));
}

/** The same for an asynchronous property. */
export function assertAsyncProperty<Ts>(property: fc.IAsyncProperty<Ts>, effort?: Effort): Promise<void> {
  return fc.assert(property, parametersOf(effort));
}

function parametersOf(effort: Effort = {}) {
  const numRuns = Math.max(effort.numRuns ?? 100, Number(LEDGER_RUNS ?? 0));
  return { ...effort, ...(LEDGER_PATH ? { path: LEDGER_PATH } : {}), numRuns, seed: SEED };
}

/** Numbers in [0, 1), the same ones in each run with the same seed. */
export function createDice(seed = SEED): () => number {
  let thrown = 0;
  return () => roll(seed, ++thrown);
}
