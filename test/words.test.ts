import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Sources } from './support/rules/source-text.ts';
import { bannedInUserTexts, bannedWords, MAX_TERMS, termsOf } from './support/rules/words.ts';

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

test('sources, tests and documents contain no banned phrase', async () => {
  assert.deepEqual(
    bannedWords(await textsOf('*.md', 'docs/**/*.md', '{src,test,grafana,deploy}/**/*.ts')),
    [],
  );
});

test('a banned phrase in a comment is found, also at the start of a sentence', () => {
  const found = (text: string) => bannedWords(new Map([['src/a.ts', text]])).length;
  assert.equal(found('// Whoever reads this is told of it.'), 2);
  assert.equal(found('// There is none, and it retries at most twice.'), 0);
});

test('architecture: every stop of the path of a row is a function of the file', async () => {
  const page = await readFile(join(root, 'docs/architecture.md'), 'utf8');
  const stops = [...page.matchAll(/^\d+\. `([^`]+)`, `(\w+)`: /gm)];
  assert.ok(stops.length > 15 && stops.length <= 25, `${stops.length} stops`);
  for (const [, path = '', name = ''] of stops) {
    const source = await readFile(join(root, path), 'utf8').catch(() => '');
    assert.match(source, new RegExp(`\\b(?:function\\*?|const|class) ${name}\\b`), `${path}: ${name}`);
  }
});

function userTexts(): Promise<Sources> {
  return textsOf('*.md', 'docs/**/*.md', 'grafana/src/*.ts', 'deploy/**/*');
}

async function textsOf(...patterns: string[]): Promise<Sources> {
  const texts = new Map<string, string>();
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    texts.set(path.slice(root.length + 1), await readFile(path, 'utf8'));
  }
  return texts;
}
