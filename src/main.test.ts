import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROVIDERS } from './providers/index.ts';
import { packageVersion } from './runtime/version.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'bin/ai-billing-exporter.js');
const main = join(root, 'src/main.ts');

interface Ended {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** Runs a program of the repository with nothing in its environment but `env`. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const quiet = { NODE_DISABLE_COMPILE_CACHE: '1', ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: quiet, cwd: root }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
}

test('main: prints the version of the package and the commit of the build', async () => {
  assert.deepEqual(await run([main, '--version']), { code: 0, out: `${packageVersion()}\n`, err: '' });
  const built = await run([main, '--version'], { AI_BILLING_EXPORTER_REVISION: '0123abc' });
  assert.deepEqual(built, { code: 0, out: `${packageVersion()} (commit 0123abc)\n`, err: '' });
});

test('main: the bin runs the program', async () => {
  const { code, out, err } = await run([bin, 'check', '--offline'], { BASETEN_API_KEY: 'do-not-print-me' });
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.match(out, /^environment: valid, 1 account\n/);
  assert.doesNotMatch(out, /do-not-print-me/);
});

test('main: prints the complete schema of the configuration', async () => {
  const { code, out } = await run([main, 'config-schema']);
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).properties.accounts.items.oneOf.length, PROVIDERS.length);
});

test('main: exits with 2 and a remedy if there is no account', async () => {
  const { code, out, err } = await run([main]);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(err, /^environment: no account to read: set one of BASETEN_API_KEY, .* --config FILE/);
});

test('main: an old Node exits with the required version', async () => {
  const old = `Object.defineProperties(process, {
    versions: { value: { ...process.versions, node: '20.1.0' } },
    version: { value: 'v20.1.0' },
  })`;
  const { code, out, err } = await run([
    '--import',
    `data:text/javascript,${encodeURIComponent(old)}`,
    bin,
    '--version',
  ]);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(err, /^ai-billing-exporter needs Node\.js 24 or newer; this is v20\.1\.0\.\n/);
});
