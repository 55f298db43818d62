import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LAYER_RULES } from './support/rules/layer-rules.ts';
import { codeOf, commentsOf, importsOf, type Sources } from './support/rules/source-text.ts';
import { STYLE_RULES } from './support/rules/style-rules.ts';

const sources = await repository();

for (const { name, findings, broken, sound } of [...LAYER_RULES, ...STYLE_RULES]) {
  test(name, () => assert.deepEqual(findings(sources), []));

  test(`seen when broken: ${name}`, () => {
    for (const files of broken) assert.notDeepEqual(findings(sourcesOf(files)), [], JSON.stringify(files));
    for (const files of sound) assert.deepEqual(findings(sourcesOf(files)), []);
  });
}

const SAMPLE = `/* 'a' */ const a = 'it\\'s // b'; // c
const d = \`x \${e('f')} y\`; const g = 4 / 2 / 1; const h = /[/'"]+/g;
`;

test('source parser: separates code, comments and strings', () => {
  assert.equal(
    codeOf(SAMPLE).replaceAll(/ +/g, ' '),
    ` const a = ; \nconst d = \${e('f')} ; const g = 4 / 2 / 1; const h = ;\n`,
  );
  assert.equal(commentsOf(SAMPLE).replaceAll(/ +/g, ' ').trim(), "/* 'a' */ // c");
});

test('source parser: finds every form of import, and none in comments and strings', () => {
  const text = `import type { A } from './a.ts';
import b, { type B } from 'b';
import {
  c,
} from './c.ts';
import './d.ts';
export * as e from './e.ts';
const f = await import('./f.ts');
new Worker(new URL('./g.ts', import.meta.url));
// import { h } from './h.ts';
const i = "import { i } from './i.ts'";
`;
  assert.deepEqual(
    importsOf(text).map(({ from, isType, line }) => `${line} ${from}${isType ? ' type' : ''}`),
    ['1 ./a.ts type', '2 b', '3 ./c.ts', '6 ./d.ts', '7 ./e.ts', '8 ./f.ts', '9 ./g.ts'],
  );
});

/** package.json and the TypeScript below src and test. */
async function repository(): Promise<Sources> {
  const root = join(import.meta.dirname, '..');
  const paths = ['package.json'];
  for await (const path of glob('{src,test}/**/*.ts', { cwd: root })) paths.push(path);
  return new Map(
    await Promise.all(
      paths.sort().map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const),
    ),
  );
}

function sourcesOf(files: Readonly<Record<string, string>>): Sources {
  return new Map(Object.entries(files));
}
