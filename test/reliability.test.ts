import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GROUPS } from '../deploy/prometheus/src/groups.ts';
import { isAlert } from '../deploy/prometheus/src/rule.ts';
import { EXPOSED } from './support/programs/promql.ts';
import { type FaultRow, faultRows, testNames } from './support/rules/reliability.ts';

const root = new URL('../', import.meta.url);
const rows = faultRows(await readFile(new URL('docs/reliability.md', root), 'utf8'));
const alerts = GROUPS.flatMap((group) => group.rules)
  .filter(isAlert)
  .map(({ alert }) => alert);

test('docs/reliability.md: every fault states its symptoms, its loss and a test', () => {
  assert.ok(rows.length > 30, `${rows.length} rows`);
  assert.deepEqual(
    rows.filter(({ seen, lost, proofs }) => seen === '' || lost === '' || proofs.length === 0),
    [],
  );
});

test('docs/reliability.md: every named test exists', async () => {
  const missing = await Promise.all(rows.flatMap(({ proofs }) => proofs).map(missingOf));
  assert.deepEqual(missing.flat(), []);
});

test('docs/reliability.md: every named metric and alert exists', () => {
  assert.deepEqual(strangersOf(rows), []);
});

test('docs/reliability.md: a missing test, case, metric or alert is detected', async () => {
  const file = 'test/reliability.test.ts';
  const absent = [
    { path: file, name: 'there is no such test' },
    { path: file, name: undefined },
    { path: 'test/gone.test.ts', name: 'a' },
    { path: 'src/providers/venice/cases/gone', name: undefined },
  ];
  for (const proof of absent) assert.equal((await missingOf(proof)).length, 1, JSON.stringify(proof));
  const seen = '`ai_billing_up`, `ai_billing_gone_total`, [AiBillingGone](x.md)';
  assert.deepEqual(strangersOf([{ fault: 'a', seen, lost: '', proofs: [] }]), [
    'ai_billing_gone_total',
    'AiBillingGone',
  ]);
});

test('docs/reliability.md: test names are read in every quoting style', () => {
  const source = `test('it\\'s a', f); it("b 'c'", f);\n  realServerTest(\n    \`d \${e('f')} g \${h}\`, [], f);`;
  assert.deepEqual(testNames(source), ["it's a", "b 'c'", 'd … g …']);
});

/** The missing part of a proof. */
async function missingOf({ path, name }: FaultRow['proofs'][number]): Promise<string[]> {
  const url = new URL(path, root);
  if (name === undefined) {
    const files = await readdir(url).catch((): string[] => []);
    return files.includes('case.json') ? [] : [`${path} is no case`];
  }
  const names = testNames(await readFile(url, 'utf8').catch(() => ''));
  return names.includes(name) ? [] : [`${path} has no test “${name}”`];
}

function strangersOf(faults: readonly FaultRow[]): string[] {
  const named = faults.flatMap(
    ({ seen, lost }) => `${seen} ${lost}`.match(/\bai_billing_\w+|\bAiBilling\w+/g) ?? [],
  );
  const known = new Set([...EXPOSED.keys(), ...alerts]);
  const families = new Set([...EXPOSED.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  return named.filter((name) => !known.has(name) && !families.has(name));
}
