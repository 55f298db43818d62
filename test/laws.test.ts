import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import fc from 'fast-check';
import { run } from './support/exporter/child.ts';
import { assertProperty } from './support/ledger/property.ts';

const root = join(import.meta.dirname, '..');
const SEED = /^LEDGER_SEED=(-?\d+) LEDGER_RUNS=1, in 1 files$/m;

/** The command as a user starts it, not as a part of this run. */
function laws(LEDGER_SEED?: string) {
  const env = { NODE_TEST_CONTEXT: undefined, LEDGER_RUNS: '1', LEDGER_SEED };
  return run(process.execPath, ['test/laws.ts', 'src/core/values/duration.test.ts'], { cwd: root, env });
}

test('property tests: use the same examples in each run', () => {
  const [first, second] = [1, 2].map(() => {
    const examples: number[] = [];
    assertProperty(
      fc.property(fc.integer(), (example) => void examples.push(example)),
      { numRuns: 20 },
    );
    return examples;
  });
  assert.deepEqual(second, first);
  assert.equal(new Set(first).size > 10, true);
});

test('npm run laws: draws a new seed or takes a given one, and prints it', async () => {
  const [one, other, given] = await Promise.all([laws(), laws(), laws('-7')]);
  for (const { code, output } of [one, other, given]) assert.equal(code, 0, output);
  const seeds = [one, other, given].map(({ output }) => output.match(SEED)?.[1]);
  assert.equal(new Set(seeds).size, 3, `${seeds}`);
  assert.equal(seeds[2], '-7');
});
