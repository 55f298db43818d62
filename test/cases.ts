import { spawnSync } from 'node:child_process';
import { providerFolders } from './support/providers/cases.ts';

/** `npm run cases -- ID [CASE]`: the cases of one provider, or one of them. `UPDATE_CASES=ID` writes what the code makes of each. */
const [id, name] = process.argv.slice(2);
const known = providerFolders();
if (id !== undefined && !known.includes(id)) {
  process.stderr.write(`no provider folder "${id}"; known here: ${known.join(', ')}\n`);
  process.exit(2);
}
const patterns = [
  ...(id === undefined
    ? []
    : [`--test-name-pattern=^cases of ${id}${name === undefined ? '' : ` ${name}$`}`]),
];
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', ...patterns, `${import.meta.dirname}/cases.test.ts`],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
