import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * `npm run laws [-- OPTIONS FILES]`: tries every property on many fresh examples, or on those of a seed that is given. Options and files
 * are those of `node --test`; without files, all that hold properties.
 */
const { LEDGER_SEED = String(randomInt(-(2 ** 31), 2 ** 31)), LEDGER_RUNS = '10000' } = process.env;
const env = { ...process.env, LEDGER_SEED, LEDGER_RUNS };
const [options, given] = [true, false].map((isOption) =>
  process.argv.slice(2).filter((each) => each.startsWith('--') === isOption),
);
const files = given?.length ? given : filesWithProperties();

console.log(`LEDGER_SEED=${LEDGER_SEED} LEDGER_RUNS=${LEDGER_RUNS}, in ${files.length} files`);
const test = ['--test', '--test-reporter=spec', ...(options ?? []), ...files];
const { status } = spawnSync(process.execPath, test, { stdio: 'inherit', env });
console.log(
  `LEDGER_SEED=${LEDGER_SEED} LEDGER_RUNS=${LEDGER_RUNS}: ${status === 0 ? 'all hold' : 'NOT ALL HOLD'}`,
);
process.exitCode = status ?? 1;

function filesWithProperties(): string[] {
  const tests = globSync(['src/**/*.test.ts', 'test/*.test.ts']);
  return tests
    .filter((path) => /^ *(await )?assert(Async)?Property\(/m.test(readFileSync(path, 'utf8')))
    .sort();
}
