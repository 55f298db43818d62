import assert from 'node:assert/strict';
import { glob, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { run } from './support/exporter/child.ts';
import { manifestOf } from './support/rules/manifest.ts';
import { anchorsOf, deadLinks, documentedCommands } from './support/rules/markdown.ts';
import { secretsIn } from './support/rules/secrets.ts';
import type { Sources } from './support/rules/source-text.ts';

const root = join(import.meta.dirname, '..');
const sources = await repository();
const { version, scripts, files, allowScripts } = manifestOf(sources);

test('documentation: every npm command is a script', () => {
  const named = documentedCommands(
    sources,
    /\bnpm (?:run )?(?!ci\b|install\b|i\b|pack\b|publish\b|exec\b|view\b)([\w:-]+)/g,
  );
  assert(named.includes('test'), 'README.md does not say how to test');
  assert.deepEqual(
    named.filter((name) => !(name in scripts)),
    [],
  );
});

test('documentation: every command of the program exists', async () => {
  const named = documentedCommands(
    sources,
    /(?:\bai-billing-exporter|\bnpm start --|\bnode src\/main\.ts) ([a-z][a-z-]+)\b/g,
  );
  assert(named.includes('serve'), 'README.md does not say how to serve');
  for (const name of named) {
    const { code, output } = await run(process.execPath, ['bin/ai-billing-exporter.js', name, '--help'], {
      cwd: root,
    });
    assert.equal(code, 0, `${name}: ${output}`);
  }
});

test('documentation: every link resolves', () => {
  assert.deepEqual(deadLinks(sources), []);
});

test('documentation: a dead link to a file or a heading is detected', () => {
  const page = `# One \`two\`: three

[a](other.md) [b](other.md#here) [c](#one-two-three) ![d](img/a.png "title") [e](https://x.example/y) [f](../img)
[g](gone.md) [h](other.md#gone) [i](#gone)

[j]: ../gone/
\`[k](code.md)\`

\`\`\`md
[l](code.md)
\`\`\`
`;
  const code = '/** [m](docs/other.md) [n](docs/gone.md) */\nconst text = "[o](gone.md)";';
  const files = { 'docs/page.md': page, 'docs/other.md': '## Here', 'docs/img/a.png': '', 'img/b.png': '' };
  assert.deepEqual(deadLinks(new Map(Object.entries({ ...files, 'a.ts': code }))), [
    ...['gone.md', 'other.md#gone', '#gone', '../gone/'].map((link) => `docs/page.md: ${link}`),
    'a.ts: docs/gone.md',
  ]);
});

test("documentation: anchors match GitHub's", () => {
  const page =
    '# A\n## A\n### `ai_billing_up`, *and* [more](x.md)!\n```\n# no\n```\n<a id="set"></a>\n## Über — x';
  assert.deepEqual([...anchorsOf(page)], ['a', 'a-1', 'ai_billing_up-and-more', 'über--x', 'set']);
});

test('changelog: has an entry for this version', () => {
  const entry = new RegExp(`^## \\[?v?${version.replaceAll('.', '\\.')}\\b`, 'm');
  assert.match(sources.get('CHANGELOG.md') ?? '', entry);
});

test('ADRs: are numbered from 0001 without a gap, and listed with their title in architecture.md', () => {
  const names = [...sources.keys()].filter((path) => /^docs\/adr\/(?!README)/.test(path)).sort();
  assert(names.length > 0, 'there is no decision in docs/adr');
  for (const [index, path] of names.entries()) {
    const number = String(index + 1).padStart(4, '0');
    assert.match(path, new RegExp(`^docs/adr/${number}-[a-z0-9-]+\\.md$`));
    const title = /^# \d+\. (\S.*)$/m.exec(sources.get(path) ?? '')?.[1];
    const row = `| [${index + 1}](${path.slice('docs/'.length)}) | ${title} |\n`;
    assert.ok(sources.get('docs/architecture.md')?.includes(row), `docs/architecture.md lacks ${row}`);
  }
});

test('secrets: no file contains anything like a key', () => {
  assert.deepEqual(secretsIn(sources), []);
});

test('secrets: a key is detected, and not printed', () => {
  const key = ['-----BEGIN PRIV', 'ATE KEY-----'].join('');
  const token = `gh${'p_'}${'a1'.repeat(18)}`;
  const address = ['https://user', 'correct-horse@example.com/'].join(':');
  for (const text of [key, `x\ntoken: ${token}`, address]) {
    const found = secretsIn(new Map([['a.yml', text]]));
    assert.equal(found.length, 1, text);
    assert(!found[0]?.includes(text.slice(-20)));
  }
});

test('providers: each has a page and at least one case', async () => {
  const folders = await readdir(join(root, 'src/providers'), { withFileTypes: true });
  for (const { name } of folders.filter((entry) => entry.isDirectory() && entry.name !== 'api')) {
    assert(sources.has(`src/providers/${name}/README.md`), `${name} has no README.md`);
    const prefix = `src/providers/${name}/cases/`;
    assert(
      [...sources.keys()].some((path) => path.startsWith(prefix) && path.endsWith('/case.json')),
      `${name} has no case`,
    );
  }
});

test('tests: every test file is run by a script', async () => {
  const run = new Set<string>();
  for (const pattern of Object.values(scripts)
    .join(' ')
    .match(/'[^']+\.test\.ts'/g) ?? []) {
    for await (const path of glob(pattern.slice(1, -1), { cwd: root })) run.add(path);
  }
  const tests = [...sources.keys()].filter((path) => path.endsWith('.test.ts'));
  assert.deepEqual(
    tests.filter((path) => !run.has(path)),
    [],
  );
});

test('package: its files exist, and its license matches', async () => {
  const built = ['dist'];
  for (const pattern of files.filter((name) => !built.includes(name))) {
    const first = await glob(pattern, { cwd: root }).next();
    assert.ok(!first.done, pattern);
  }
  assert.match(
    sources.get('LICENSE') ?? '',
    /Apache License\n +Version 2\.0, January 2004[\s\S]*END OF TERMS AND CONDITIONS/,
  );
});

test('npm ci: asks nothing about install scripts, and prints no warning', () => {
  const Lock = z.object({
    packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })),
  });
  const { packages } = Lock.parse(JSON.parse(sources.get('package-lock.json') ?? ''));
  const scripted = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  assert.deepEqual(scripted.sort(), Object.keys(allowScripts).sort());
  assert.match(sources.get('.npmrc') ?? '', /^loglevel=error$/m);
});

/** The text of every tracked or untracked file. */
async function repository(): Promise<Sources> {
  const { output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  const read = async (path: string) =>
    [path, await readFile(join(root, path), 'utf8').catch(() => undefined)] as const;
  const entries = await Promise.all(output.split('\0').filter(Boolean).map(read));
  return new Map(entries.flatMap(([path, text]) => (text === undefined ? [] : [[path, text] as const])));
}
