import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { fetchPage, waitForPage } from '../support/exporter/exporter-page.ts';
import { type Exporter, folderOf, serve } from '../support/exporter/process.ts';
import type { Exposition } from '../support/exposition/exposition.ts';
import type { SampleLine } from '../support/exposition/exposition-line.ts';
import {
  areFeedsUp,
  type BillingActivity,
  LEDGER_COUNTERS,
  seriesKey,
  startBillingActivity,
} from '../support/providers/billing-activity.ts';

const CANARY = 'canary-52c8-key-that-must-never-show';
const ALL = ['baseten', 'venice', 'inference_sh'];
interface Stage {
  readonly exporter: Exporter;
  readonly spending: BillingActivity;
  /** Writes the configuration again. */
  write(names: readonly string[], more?: Readonly<Record<string, unknown>>): Promise<void>;
  text(text: string): Promise<void>;
}

async function stage(context: TestContext): Promise<Stage> {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const file = join(folder, 'config.yml');
  const server = { listen: '127.0.0.1:0', enableReload: true };
  const write = async (names: readonly string[], more: Readonly<Record<string, unknown>> = {}) => {
    const accounts = names.map((provider) => accountOf(provider, spending));
    const common = { server, state: { path: join(folder, 'ledger.db') }, metrics: { newSeriesZero: '0s' } };
    await writeFile(file, JSON.stringify({ ...common, accounts, ...more }));
  };
  await write(ALL);
  const exporter = await serve(context, file);
  await waitForPage(exporter, (page) =>
    areFeedsUp(spending.accounts, page.families.get(METRICS.up.name)?.samples ?? []),
  );
  return { exporter, spending, write, text: (text) => writeFile(file, text) };
}

function accountOf(provider: string, { accounts }: BillingActivity) {
  const { url, key } = accounts[provider] ?? assert.fail(provider);
  return { provider, name: 'test', baseUrl: url, apiKey: key, schedule: '* * * * * *' };
}

async function post({ url }: Exporter): Promise<[status: number, text: string]> {
  const response = await fetch(`${url}/-/reload`, { method: 'POST' });
  return [response.status, await response.text()];
}

function samplesOf({ families }: Exposition, provider: string): SampleLine[] {
  const all = [...families.values()].flatMap(({ samples }) => samples);
  return all.filter(({ labels }) => labels.provider === provider);
}

/** Cost and poll counters of a provider's account, by series. */
function countersOf(page: Exposition, provider: string): Map<string, number> {
  const isCounter = ({ name }: SampleLine) => LEDGER_COUNTERS.has(name) || name === METRICS.polls.name;
  const counters = samplesOf(page, provider).filter(isCounter);
  return new Map(counters.map(({ name, labels, value }) => [seriesKey(name, labels), value]));
}

function assertUnbroken(before: Exposition, after: Exposition, provider: string): void {
  const now = countersOf(after, provider);
  for (const [series, value] of countersOf(before, provider))
    assert.ok((now.get(series) ?? -1) >= value, `${series} was ${value} and is ${now.get(series)}`);
}

function shown({ families }: Exposition, { name }: { readonly name: string }): number | undefined {
  return families.get(name)?.samples[0]?.value;
}

const costOf = (page: Exposition, provider: string) =>
  samplesOf(page, provider)
    .filter(({ name }) => name === METRICS.cost.name)
    .reduce((sum, { value }) => sum + value, 0);

test('reload: applies changes by HTTP and by signal, and leaves everything else running', async (context) => {
  const { exporter, spending, write, text } = await stage(context);
  spending.grow();
  const before = await waitForPage(exporter, (page) => ALL.every((provider) => costOf(page, provider) > 0));

  // Venice is slow: the poll of its balance is in flight, and stays there.
  const balances = () => spending.venice.requests.filter(({ path }) => path.endsWith('/balance')).length;
  spending.venice.fault({ kind: 'slow', delayMs: 3000 }, /balance/);
  const asked = balances() + 1;
  while (balances() < asked) await wait(5);
  await write(['baseten', 'venice'], {
    budgets: [{ name: 'all', limitUsd: 5000 }],
    currencies: { EUR: 1.1 },
    metrics: { newSeriesZero: '0s', maxSeries: 500 },
  });
  assert.deepEqual(await post(exporter), [200, 'reloaded\n']);
  const reloaded = await fetchPage(exporter);
  assert.equal(shown(reloaded, METRICS.budgetLimit), 5000);
  assert.deepEqual(samplesOf(reloaded, 'inference_sh'), [], 'a removed account leaves the page');
  for (const provider of ['baseten', 'venice']) assertUnbroken(before, reloaded, provider);
  const polls = seriesKey(METRICS.polls.name, { provider: 'venice', account: 'test', feed: 'balance' });
  const polled = (page: Exposition) => countersOf(page, 'venice').get(polls) ?? 0;
  assert.equal(polled(reloaded), polled(await fetchPage(exporter)), 'it is still in flight');
  assert.equal(balances(), asked, 'and was not asked again');
  spending.venice.fault(undefined);
  const ended = await waitForPage(exporter, (page) => polled(page) > polled(reloaded));
  const failures = samplesOf(ended, 'venice').filter(({ name }) => name === METRICS.pollFailures.name);
  assert.equal(
    failures.reduce((sum, { value }) => sum + value, 0),
    0,
    'and it came to its end',
  );

  // A bad file, with two problems.
  const since = shown(ended, METRICS.configReloadTime);
  await text(
    `accounts:\n  - provider: baseten\n    apiKy: ${CANARY}\n  - provider: venise\n    apiKey: ${CANARY}\n`,
  );
  const [status, reason] = await post(exporter);
  assert.equal(status, 400);
  assert.match(reason, /accounts\[0\]\.apiKy: unknown key.*\n.*accounts\[1\]\.provider: unknown provider/);
  const refused = await fetchPage(exporter);
  assert.deepEqual(
    [shown(refused, METRICS.configReloadOk), shown(refused, METRICS.configReloadTime)],
    [0, since],
  );
  assertUnbroken(ended, refused, 'venice');
  await exporter.said(/"problems":\[[^\n]*apiKy[^\n]*configuration reload failed/);
  assert.ok(!`${reason}${exporter.err()}`.includes(CANARY), 'a key was shown');

  // A signal brings the removed account back, at its old totals.
  await write(ALL, { server: { listen: '127.0.0.1:1', enableReload: true } });
  process.kill(exporter.pid, 'SIGHUP');
  await exporter.said(/"added":\["inference_sh\/test"\],"changed":\[\],"removed":\[\]/);
  await exporter.said(/server changed: restart to apply/);
  const back = await waitForPage(exporter, (page) => costOf(page, 'inference_sh') > 0);
  assert.equal(costOf(back, 'inference_sh'), costOf(before, 'inference_sh'));
  assert.equal(shown(back, METRICS.configReloadOk), 1);
  assert.ok((shown(back, METRICS.configReloadTime) ?? 0) > (since ?? 0));
  assert.equal(shown(back, METRICS.budgetLimit), undefined, 'a budget that is gone leaves the page');

  // A changed account is polled again at once, even if others hang.
  spending.venice.fault({ kind: 'hang', times: 1 }, /balance/);
  const hanging = balances() + 1;
  while (balances() < hanging) await wait(5);
  const account = { ...accountOf('venice', spending), timeout: '25s' };
  await write([], { accounts: [account] });
  assert.equal((await post(exporter))[0], 200);
  const repolled = await waitForPage(exporter, (page) => polled(page) > polled(back));
  assertUnbroken(back, repolled, 'venice');
  assert.equal((await exporter.end('SIGTERM')).code, 0);
});
