import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/exporter/child.ts';
import { realServerTest } from '../support/programs/binaries.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/prometheus');

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(join(FOLDER, folder));
  return names.filter((name) => name.endsWith('.yml')).map((name) => join(FOLDER, folder, name));
}

realServerTest('rules: promtool check rules finds no problem', ['promtool'], async (_context, pathOf) => {
  const { code, output } = await run(pathOf('promtool'), ['check', 'rules', ...(await filesOf('rules'))]);
  assert.equal(code, 0, output);
});

realServerTest(
  'rules: every alert fires when it should, and only then',
  ['promtool'],
  async (_context, pathOf) => {
    // A process per file: each evaluates weeks of hours, and together they use every core.
    const runs = (await filesOf('tests')).map((file) =>
      run(pathOf('promtool'), ['test', 'rules', file], { timeoutMs: 500_000 }),
    );
    for (const { code, output } of await Promise.all(runs)) assert.equal(code, 0, output);
  },
);
