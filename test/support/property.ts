import fc from 'fast-check';

/** What every property test of the gate starts from, so that each run of the gate tries the same examples. */
const GATE_SEED = 20_261_120;

/** `npm run laws` sets these, see CONTRIBUTING.md. */
const { LEDGER_SEED, LEDGER_RUNS, LEDGER_PATH } = process.env;

/** The seed of this run: that of the gate unless one is given. */
export const SEED = LEDGER_SEED ? Number(LEDGER_SEED) : GATE_SEED;

/** Examples that a property is tried on, and how the search ends. Where the search starts is not the test's to choose. */
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
