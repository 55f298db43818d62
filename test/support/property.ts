import fc from 'fast-check';
import { roll } from '../simulators/kit/random.ts';

/** What the gate draws its examples from: each run of it tries the same ones. */
const GATE_SEED = 20_261_120;

/** `npm run laws` sets the first two; the last is the path that a failing property prints. */
const { LEDGER_SEED, LEDGER_RUNS, LEDGER_PATH } = process.env;

/** The seed of this run: that of the gate unless one is given. */
export const SEED = LEDGER_SEED ? Number(LEDGER_SEED) : GATE_SEED;

/** How many examples a property is tried on, and whether a failing one is made smaller. */
export type Effort = Pick<fc.Parameters<unknown>, 'numRuns' | 'endOnFailure'>;

/** Holds a property to `numRuns` examples (100 unless given), or to `LEDGER_RUNS` where that is more. */
export function assertProperty<Ts>(property: fc.IProperty<Ts>, effort?: Effort): void {
  fc.assert(property, parametersOf(effort));
}

/** The same for a property that waits. */
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
