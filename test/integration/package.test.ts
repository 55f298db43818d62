import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { glob, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { copyCheckout, pack, type Tarball, unpackWithDependencies } from '../support/deploy/package.ts';
import { run } from '../support/exporter/child.ts';
import { folderOf, start } from '../support/exporter/process.ts';
import { skipUnlessRequired } from '../support/programs/binaries.ts';
import { manifestOf } from '../support/rules/manifest.ts';

const ROOT = join(import.meta.dirname, '../..');
const MANIFEST = await readFile(join(ROOT, 'package.json'), 'utf8');
const { version } = manifestOf(new Map([['package.json', MANIFEST]]));
/** The oldest release that `engines` promises. */
const OLDEST = '24.0.0';

test('package: is reproducible byte for byte, complete, and runs', async (context) => {
  const copy = await copyCheckout(context);
  const tarball = await pack(copy, 'first');

  await context.test('two builds are identical', async () => {
    assert.equal(await digestOf((await pack(copy, 'second')).path), await digestOf(tarball.path));
  });

  const folder = await unpackWithDependencies(tarball, await folderOf(context));
  const bin = join(folder, 'bin/ai-billing-exporter.js');

  await context.test(
    'contains the bundled program and the user documentation, and nothing else',
    async (inner) => {
      assert.deepEqual(tarball.files.map(unhashed).sort(), await neededFiles(inner));
      for (const path of tarball.files) {
        const text = await readFile(join(folder, path), 'utf8');
        for (const trace of [copy.folder, ROOT, 'sourceMappingURL=']) assert.ok(!text.includes(trace), path);
      }
      assert.equal((await stat(bin)).mode & 0o111, 0o111, 'the command may be run');
    },
  );

  await context.test('the command prints version, commit and schema', async () => {
    const printed = await run(process.execPath, [bin, '--version'], { cwd: folder });
    assert.deepEqual(printed, { code: 0, output: `${version} (commit ${copy.revision})\n` });
    const schema = await run(process.execPath, [bin, 'config-schema'], { cwd: folder });
    assert.equal(schema.code, 0, schema.output);
    assert.equal(JSON.parse(schema.output).type, 'object');
  });

  await context.test('build_info has version and commit', async (inner) => {
    const demo = start(inner, ['demo', '--port', '0'], { program: bin, cwd: folder });
    const [, url = ''] = await demo.said(/Demo on (http:\S+)/);
    const page = await (await fetch(`${url}/metrics`)).text();
    const [labels = ''] = /^ai_billing_build_info\{.*\} 1$/m.exec(page) ?? [];
    assert.ok(labels.includes(`version="${version}"`), labels);
    assert.ok(labels.includes(`revision="${copy.revision}"`), labels);
    assert.equal((await demo.end('SIGTERM')).code, 0);
  });

  await context.test(`npx runs it in an empty folder on Node ${OLDEST}`, (inner) =>
    tryNpx(inner, tarball, copy.revision),
  );
});

/** The files that the package must contain, and no others. */
async function neededFiles(context: TestContext): Promise<string[]> {
  const bundle = await folderOf(context);
  const build = [join(ROOT, 'deploy/npm/build.ts'), bundle];
  const { code, output } = await run(process.execPath, build, { cwd: ROOT });
  assert.equal(code, 0, output);
  const compiled: string[] = [];
  for await (const path of glob('**/*.{js,txt}', { cwd: bundle })) compiled.push(`dist/${path}`);
  const pages: string[] = [];
  for await (const path of glob('docs/*.md', { cwd: ROOT })) pages.push(path);
  const named = ['package.json', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE', 'docs/openapi.yaml'];
  return ['bin/ai-billing-exporter.js', ...named, ...compiled, ...pages].map(unhashed).sort();
}

/** Names of chunks hold a digest of the commit and of where they were built. */
function unhashed(path: string): string {
  return path.replace(/-[A-Z0-9]{8}\.js/, '.js');
}

/** Needs the registry for package metadata; skipped if it is unreachable, unless `CI=true`. */
async function tryNpx(context: TestContext, { path }: Tarball, revision: string): Promise<void> {
  const packages = [`--package=node@${OLDEST}`, `--package=${path}`];
  const words = ['exec', '--yes', '--prefer-offline', ...packages, '--', 'ai-billing-exporter', '--version'];
  const { code, output } = await run('npm', words, { cwd: await folderOf(context), timeoutMs: 240_000 });
  const isOffline = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED)\b/.test(output);
  if (isOffline) return skipUnlessRequired(context, 'npm reaches no registry here');
  assert.equal(code, 0, output);
  assert.ok(output.split('\n').includes(`${version} (commit ${revision})`), output);
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
