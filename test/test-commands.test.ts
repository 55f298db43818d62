import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { run } from './support/exporter/child.ts';

const ROOT = join(import.meta.dirname, '..');
const WATCHDOG = '--import ./test/support/watchdog.ts';
const CHECK = './deploy/npm/require-node.cjs';

const Manifest = z.object({
  engines: z.object({ node: z.string() }),
  scripts: z.record(z.string(), z.string()),
});
const { scripts, engines } = Manifest.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'commands-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('test scripts: each limits the time of every test and every file', () => {
  const commands = Object.entries(scripts).filter(([, command]) => command.includes('--test '));
  assert.ok(commands.length >= 4, `${commands.length}`);
  for (const [name, command] of commands) {
    assert.ok(command.includes(WATCHDOG), name);
    assert.match(command, /--test-timeout=\d+ /, name);
  }
});

const HANGING: Readonly<Record<string, string>> = {
  'a timer that is left': `test('a', () => void setInterval(() => {}, 1000));`,
  'a loop': `test('a', () => { for (;;); });`,
  'a test that never ends': `test('a', () => new Promise(() => setInterval(() => {}, 1000)));`,
};

for (const [name, body] of Object.entries(HANGING)) {
  test(`test scripts: a test file that hangs by ${name} is killed and fails`, async (context) => {
    const folder = await temporaryFolder(context);
    const file = join(folder, 'hanging.test.ts');
    await writeFile(file, `import { test } from 'node:test';\n${body}\n`);
    await writeFile(
      join(folder, 'sound.test.ts'),
      `import { test } from 'node:test';\ntest('b', () => {});\n`,
    );
    const runner = [...WATCHDOG.split(' '), '--test', '--test-reporter=spec', join(folder, '*.test.ts')];
    const apart = ['--unset=NODE_TEST_CONTEXT', 'TEST_FILE_LIMIT_MS=3000', process.execPath];
    const { code, output } = await run('env', [...apart, ...runner], { cwd: ROOT });
    assert.equal(code, 1, output);
    assert.match(output, /✖ \S*hanging\.test\.ts/);
    assert.match(output, /✔ b/, 'the others run on');
  });
}

/** A program called `node` that claims to be Node 20, in a folder for PATH. */
async function oldNode(context: TestContext): Promise<string> {
  const folder = await temporaryFolder(context);
  const old = `Object.defineProperties(process, {
    versions: { value: { ...process.versions, node: '20.1.0' } },
    version: { value: 'v20.1.0' },
  })`;
  await writeFile(join(folder, 'old.cjs'), old);
  await writeFile(
    join(folder, 'node'),
    `#!/bin/sh\nexec '${process.execPath}' -r '${folder}/old.cjs' "$@"\n`,
  );
  await chmod(join(folder, 'node'), 0o755);
  return folder;
}

test('npm scripts: with an old Node, each names the required version and does nothing else', async (context) => {
  const folder = await oldNode(context);
  const oldest = /\d+/.exec(engines.node)?.[0];
  for (const [name, command] of Object.entries(scripts)) {
    const env = [`PATH=${folder}:/usr/bin:/bin`];
    const { code, output } = await run('env', [...env, 'sh', '-c', command], {
      cwd: ROOT,
      timeoutMs: 60_000,
    });
    assert.equal(code, 2, `${name}: ${output}`);
    assert.match(
      output,
      new RegExp(`^ai-billing-exporter needs Node\\.js ${oldest} or newer; this is v20\\.1\\.0\\.\n`),
      name,
    );
    assert.equal(output.trimEnd().split('\n').length, 2, `${name}: ${output}`);
  }
});

test('npm scripts: start and demo replace the process that npm started', () => {
  for (const name of ['start', 'demo'])
    assert.ok(scripts[name]?.startsWith(`exec node --optimize-for-size -r ${CHECK} src/main.ts`), name);
});
