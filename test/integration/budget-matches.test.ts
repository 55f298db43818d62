import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Budget, DEFAULT_BUDGET_ALERTS } from '../../src/core/reports/budget.ts';
import { ONE } from '../../src/core/values/money.ts';
import { DAY, startOfDay } from '../../src/core/values/time.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { startExporter } from '../support/exporter/exporter.ts';
import { NOON } from '../support/providers/simulated.ts';

const LIMIT = 1000n * ONE;
const budget = (name: string, model: string): Budget => {
  return { name, limit: LIMIT, period: 'day', match: { model: [model] }, ...DEFAULT_BUDGET_ALERTS };
};

test('budgets: a misspelt pattern is told in log, status, page and metrics once history was read', async (context) => {
  const clock = fakeClockAt(NOON);
  const simulator = await startBaseten({ clock, genesis: NOON - 3 * DAY });
  context.after(() => simulator.close());
  const { url, key } = simulator;
  const account = { provider: 'baseten', url, key, since: startOfDay(NOON) - DAY };
  const budgets = [budget('right', 'llama*'), budget('wrong', 'lama*')];
  const exporter = await startExporter(context, clock, [account], { budgets });
  const matches = async () => {
    const page = await exporter.fresh();
    const samples = page.families.get('ai_billing_budget_matches')?.samples ?? [];
    return samples.map(({ labels, value }) => [labels.budget, value]);
  };
  const warnings = async () =>
    JSON.parse(await (await fetch(`${exporter.url}/api/v1/status`)).text()).warnings;
  assert.deepEqual([await matches(), await warnings()], [[], []]);
  await exporter.pollAll();
  assert.deepEqual(await matches(), [
    ['right', 1],
    ['wrong', 0],
  ]);
  const warning = 'budget "wrong": no cost that was read matches model lama*; is it misspelt?';
  assert.deepEqual(await warnings(), [warning]);
  await exporter.pollAll();
  await exporter.fresh();
  assert.equal(exporter.log().split('budget matches nothing').length, 2, 'logged once');
  assert.match(await (await fetch(exporter.url)).text(), /no cost that was read matches model lama\*/);
});
