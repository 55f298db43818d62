import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { configurationOf, type Ended, LISTENING, PATIENCE_MS, type Running } from '../exporter/process.ts';
import { type Exposition, parseExposition } from '../exposition/exposition.ts';
import { createDice } from '../ledger/property.ts';
import { startBillingActivity } from '../providers/billing-activity.ts';

/** A container runtime: runs an image as its user with its environment, a read-only root and state in `/data`. */
export interface Image {
  /** Entrypoint and command. */
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly version: string;
  readonly revision: string;
  /** Writes the configuration file that the command reads. */
  configure(text: string): Promise<void>;
  run(context: TestContext, words: readonly string[]): Running;
  /** Stops it as a runtime does. */
  stop(running: Running): Promise<Ended>;
}

/** Runs the program of an image, or of a stand-in, through a restart. */
export async function assertSurvivesRestart(context: TestContext, image: Image): Promise<void> {
  const { entrypoint, command } = image;
  const spending = await startBillingActivity(createDice());
  context.after(() => spending.close());
  await image.configure(configurationOf({ accounts: spending.accounts }));

  const first = image.run(context, [...entrypoint, ...command]);
  const [, url = ''] = await first.said(LISTENING);
  const health = () => image.run(context, [...image.healthcheck, `${url}/-/healthy`]).ended;
  await until('every feed was tried', async () => (await fetch(`${url}/-/ready`)).ok);
  assert.deepEqual(buildOf(await pageOf(url)), { version: image.version, revision: image.revision });
  const healthy = await health();
  assert.equal(healthy.code, 0, healthy.err);
  const before = costsIn(await pageOf(url));
  spending.grow();
  await until('what is spent is shown', async () => costsIn(await pageOf(url)) > before);
  const shown = costsIn(await pageOf(url));

  const ended = await image.stop(first);
  assert.equal(ended.code, 0, ended.err);
  const gone = await health();
  assert.equal(gone.code, 1);
  assert.match(gone.err, /^http:\/\/127\.0\.0\.1:\d+\/-\/healthy: \S/);

  const second = image.run(context, [...entrypoint, ...command]);
  const [, again = ''] = await second.said(LISTENING);
  assert.ok(costsIn(await pageOf(again)) >= shown, 'the ledger outlives the process');
  const last = await image.stop(second);
  assert.equal(last.code, 0, last.err);
  assert.doesNotMatch(last.err, /(?<!Experimental)Warning|"level":"(warn|error)"/);
}

/** A missing configuration exits with the documented code. */
export async function assertMissingConfigurationRejected(context: TestContext, image: Image): Promise<void> {
  const { code, err } = await image.run(context, [...image.entrypoint, 'serve', '--config', '/none.yml'])
    .ended;
  assert.equal(code, 2);
  assert.match(err, /none\.yml/);
}

/** Native modules find the libraries that they are linked with. */
export async function loadBinaries(
  context: TestContext,
  { entrypoint: [node = ''], run }: Image,
): Promise<void> {
  const { code, err } = await run(context, [node, '/app/node_modules/bcrypt/bcrypt.js']).ended;
  assert.equal(code, 0, err);
}

async function pageOf(url: string): Promise<Exposition> {
  return parseExposition(await (await fetch(`${url}/metrics`)).text(), 'text');
}

function buildOf(page: Exposition): { version: string; revision: string } {
  const { version = '', revision = '' } =
    page.families.get('ai_billing_build_info')?.samples[0]?.labels ?? {};
  return { version, revision };
}

function costsIn(page: Exposition): number {
  const samples = page.families.get('ai_billing_cost_usd_total')?.samples ?? [];
  return samples.reduce((sum, { value }) => sum + value, 0);
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await wait(50);
  }
}
