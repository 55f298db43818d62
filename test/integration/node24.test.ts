import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { run } from '../support/exporter/child.ts';
import { BIN, configure, folderOf, PATIENCE_MS, runToEnd, serve } from '../support/exporter/process.ts';
import { parseExposition } from '../support/exposition/exposition.ts';
import { createDice } from '../support/ledger/property.ts';
import { startBillingActivity } from '../support/providers/billing-activity.ts';

/** The oldest release that `engines` promises. */
const OLDEST = '24.0.0';

test(`package: runs on Node ${OLDEST}`, { timeout: 300_000 }, async (context) => {
  const node = await oldestNode(context);
  if (node === undefined) return;
  assert.deepEqual(await run(node, ['--version']), { code: 0, output: `v${OLDEST}\n` });

  const version = await runToEnd(context, ['--version'], { node, program: BIN });
  assert.equal(version.code, 0, version.err);
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  const spending = await startBillingActivity(createDice());
  context.after(() => spending.close());
  const file = await configure(await folderOf(context), { accounts: spending.accounts });
  const first = await serve(context, file, { node, program: BIN });
  await until(async () => (await fetch(`${first.url}/-/ready`)).ok);
  const before = await costsOf(first.url);
  spending.grow();
  await until(async () => (await costsOf(first.url)) > before);
  const shown = await costsOf(first.url);
  assert.equal((await first.end('SIGKILL')).code, undefined);

  const second = await serve(context, file, { node, program: BIN });
  assert.ok((await costsOf(second.url)) >= shown, 'the ledger was read again');
  const { code, err } = await second.end('SIGTERM');
  assert.equal(code, 0, err);
  assert.doesNotMatch(err, /(?<!Experimental)Warning|"level":"(warn|error)"/);
});

/**
 * Node as npm keeps it apart from this project, whose own `node` package would lose its place in `node_modules/.bin` to a second one.
 * Undefined, and the test skipped, if npm cannot fetch it; with `CI=true` that fails.
 */
async function oldestNode(context: TestContext): Promise<string | undefined> {
  const args = [
    'exec',
    '--yes',
    `--package=node@${OLDEST}`,
    '--',
    'node',
    '-p',
    '"node at " + process.execPath',
  ];
  const { code, output } = await run('npm', args, { timeoutMs: 240_000 });
  const path = /^node at (.+)$/m.exec(output)?.[1];
  if (path !== undefined) return path;
  if (process.env.CI === 'true' || !isOffline(output)) {
    throw new Error(`npm does not run Node ${OLDEST} (exit code ${code}):\n${output}`);
  }
  context.skip(`npm cannot fetch Node ${OLDEST} here`);
  return undefined;
}

function isOffline(output: string): boolean {
  return /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED)\b/.test(output);
}

async function costsOf(url: string): Promise<number> {
  const page = parseExposition(await (await fetch(`${url}/metrics`)).text(), 'text');
  const samples = page.families.get('ai_billing_cost_usd_total')?.samples ?? [];
  return samples.reduce((sum, { value }) => sum + value, 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'in time');
    await wait(50);
  }
}
