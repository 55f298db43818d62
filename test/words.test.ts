import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Sources } from './support/source-text.ts';
import { bannedInUserTexts, MAX_TERMS, termsOf } from './support/words.ts';

const root = join(import.meta.dirname, '..');

test(`glossary: at most ${MAX_TERMS} terms, each once, in alphabetical order`, async () => {
  const terms = termsOf(await readFile(join(root, 'docs/glossary.md'), 'utf8'));
  assert.ok(terms.length > 20 && terms.length <= MAX_TERMS, `${terms.length} terms`);
  assert.deepEqual(terms, [...new Set(terms)].toSorted());
});

test('glossary: terms are the first column of the table', () => {
  assert.deepEqual(termsOf('# A\n\n| term | meaning |\n|---|---|\n| as-of | b |\n| zero hold | c |\n'), [
    'as-of',
    'zero hold',
  ]);
});

test('documents, deployment files and dashboards contain no banned phrase', async () => {
  assert.deepEqual(bannedInUserTexts(await userTexts()), []);
});

test('a banned phrase in a text for users is found, and code, decisions and generated files are not searched', () => {
  const found = (path: string, text: string) => bannedInUserTexts(new Map([[path, text]])).length;
  assert.equal(found('README.md', 'The exporter is told of a change, anew.'), 3);
  assert.equal(found('deploy/a/values.yaml', '# Who wants it'), 1);
  assert.equal(found('docs/adr/0001-a.md', 'anew'), 0);
  assert.equal(found('src/a.ts', '// anew'), 0);
  assert.equal(found('README.md', 'There is none. Retry at most twice.'), 0);
});

async function userTexts(): Promise<Sources> {
  const texts = new Map<string, string>();
  const patterns = ['*.md', 'docs/**/*.md', 'grafana/src/*.ts', 'deploy/**/*'];
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    texts.set(path.slice(root.length + 1), await readFile(path, 'utf8'));
  }
  return texts;
}
