import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHART, chartFiles } from '../../deploy/helm/src/generate.ts';
import { realServerTest } from '../support/binaries.ts';
import { chartCases, RELEASE, withoutFiles } from '../support/chart.ts';
import { run } from '../support/child.ts';
import { folderOf } from '../support/process.ts';

const USUAL = 'deploy/helm/cases/keys-in-files/values.yaml';
const isUpdate = process.env.UPDATE_CHART === '1';

realServerTest('Helm makes of the values of each case what is expected', ['helm'], async (_, pathOf) => {
  for (const { name, values, expected } of await chartCases()) {
    const { code, output } = await run(pathOf('helm'), ['template', ...RELEASE, '--values', values]);
    assert.equal(code, 0, `${name}: ${output}`);
    const made = withoutFiles(output);
    if (isUpdate) await writeFile(expected, made);
    assert.equal(made, await readFile(expected, 'utf8'), name);
  }
});

realServerTest('Helm has nothing to say against the chart', ['helm'], async (_, pathOf) => {
  for (const { name, values } of await chartCases()) {
    const { code, output } = await run(pathOf('helm'), ['lint', '--strict', '--values', values, CHART]);
    assert.equal(code, 0, `${name}: ${output}`);
  }
});

realServerTest('a packed chart has its rules and dashboards', ['helm'], async (context, pathOf) => {
  const folder = await folderOf(context);
  const packed = await run(pathOf('helm'), ['package', CHART, '--destination', folder]);
  assert.equal(packed.code, 0, packed.output);
  const [archive = ''] = /\S+\.tgz/.exec(packed.output) ?? [];
  const { output } = await run('tar', ['-tzf', archive]);
  const inside = output.trim().split('\n');
  for (const path of chartFiles().keys()) assert.ok(inside.includes(join('ai-billing-exporter', path)), path);
});

/** What is not to be had, as an argument of Helm, and what Helm says to it. */
const REFUSED: readonly (readonly [argument: string, message: RegExp])[] = [
  ['--set=config.accounts=null', /\/config\/accounts': got null, want array/],
  ['--set=replicas=2', /'replicas' not allowed/],
  ['--set=keys.env[0].value=a-key-in-the-values', /'value' not allowed/],
  ['--set=config.accounts[0].apiKy=x', /\/config\/accounts\/0': additional properties 'apiKy' not allowed/],
  ['--set=config.accounts[0].provider=venise', /\/config\/accounts\/0\/provider': value must be 'venice'/],
  ['--set=config.budgets[0].period=year', /\/config\/budgets\/0\/period/],
  [
    '--set=config.state.path=/var/lib/ledger.db',
    /config\.state\.path is \/var\/lib\/ledger\.db, but only \/data/,
  ],
  ['--set=config.server.listen=:0', /config\.server\.listen must name a port/],
  ['--set=persistence.accessMode=ReadWriteMany', /\/persistence\/accessMode/],
  ['--set=podDisruptionBudget.maxUnavailable=2', /\/podDisruptionBudget\/maxUnavailable/],
  ['--set=terminationGracePeriodSeconds=5', /\/terminationGracePeriodSeconds/],
  ['--set=image.tag=has space', /\/image\/tag/],
];

realServerTest('what cannot work is refused, with the reason', ['helm'], async (_, pathOf) => {
  const bare = await run(pathOf('helm'), ['template', ...RELEASE]);
  assert.equal(bare.code, 1);
  assert.match(
    bare.output,
    /name your accounts: in config\.accounts, or by a key of each provider in keys\.env/,
  );
  for (const [argument, message] of REFUSED) {
    const { code, output } = await run(pathOf('helm'), ['template', ...RELEASE, '--values', USUAL, argument]);
    assert.equal(code, 1, argument);
    assert.match(output, message, argument);
  }
});
