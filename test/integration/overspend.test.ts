import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Budget, DEFAULT_BUDGET_ALERTS } from '../../src/core/reports/budget.ts';
import { ONE, parseDecimal } from '../../src/core/values/money.ts';
import { HOUR, startOfMonth } from '../../src/core/values/time.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import type { VeniceRow } from '../simulators/venice/rows.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { type Exporter, startExporter } from '../support/exporter/exporter.ts';
import { startAlerting, waitForNotification } from '../support/programs/alerting.ts';
import { realServerTest } from '../support/programs/binaries.ts';

const RUNBOOKS = /^https:\/\/.+\/docs\/runbooks\//;
const BUDGETS: readonly Budget[] = [
  { name: 'all', limit: parseDecimal('100'), period: 'month', match: {}, ...DEFAULT_BUDGET_ALERTS },
];

realServerTest(
  'alerting: an overspend and an outage reach the webhook through Prometheus and Alertmanager, and resolve',
  ['prometheus', 'alertmanager'],
  async (context) => {
    const { venice, baseten, exporter } = await startFaultScenario(context);
    const address = new URL(exporter.url).host;
    const targets = [{ address, job: 'ai-billing' }];
    const { prometheus, webhook } = await startAlerting(context, { targets, holdFor: '1s' });
    await prometheus.scraped();

    const burst = venice.book(charge('141.5'));
    await exporter.pollAll();
    await exporter.fresh();
    const page = await waitForNotification(webhook, 'AiBillingBudgetExceeded', 'firing');
    assert.equal(page.receiver, 'warning');
    assert.equal(page.annotations.summary, 'Budget "all" exceeded: $161.50 of $100 (162 %) this month.');
    assert.match(page.annotations.description ?? '', /^The period ends on /);
    assert.match(page.annotations.runbook_url ?? '', RUNBOOKS);

    burst.remove();
    await exporter.pollAll();
    await exporter.fresh();
    await waitForNotification(webhook, 'AiBillingBudgetExceeded', 'resolved');

    baseten.fault({ kind: 'status', status: 503 });
    const stop = pollOnAndOn(exporter);
    try {
      const outage = await waitForNotification(webhook, 'AiBillingFeedDown', 'firing');
      assert.equal(outage.receiver, 'warning');
      assert.equal(outage.labels.provider, 'baseten');
      assert.match(outage.annotations.runbook_url ?? '', RUNBOOKS);
      baseten.fault(undefined);
      await waitForNotification(webhook, 'AiBillingFeedDown', 'resolved');
    } finally {
      await stop();
    }
    const { value } = await exporter.fresh();
    assert.equal(
      value('ai_billing_budget_spent_usd', { budget: 'all' }),
      20,
      'nothing was lost, nothing stayed',
    );
  },
);

/** An account that has spent 20 dollars this month and one that has spent nothing, read once. */
async function startFaultScenario(context: TestContext) {
  const [venice, baseten] = await Promise.all([
    startVenice({ generate: false }),
    startBaseten({ generate: false }),
  ]);
  context.after(() => Promise.all([venice.close(), baseten.close()]));
  const since = startOfMonth(Date.now());
  const at = ({ url, key }: { url: string; key: string }) => ({ url, key, since });
  const clock = { now: () => Date.now(), advance() {} };
  const accounts = [
    { provider: 'venice', ...at(venice) },
    { provider: 'baseten', ...at(baseten) },
  ];
  const exporter = await startExporter(context, clock, accounts, { budgets: BUDGETS });
  venice.book(charge('20'));
  await exporter.pollAll();
  await exporter.fresh();
  return { venice, baseten, exporter };
}

/** Of this month, however young it is. */
function charge(dollars: string): VeniceRow {
  const at = Math.max(startOfMonth(Date.now()), Date.now() - HOUR);
  const what = { sku: 'm-llm-output-mtoken', model: 'm', currency: 'USD', notes: '', inferenceDetails: null };
  return { at, ...what, amount: -parseDecimal(dollars), units: ONE, pricePerUnitUsd: ONE };
}

/** As schedules would, without their pauses. */
function pollOnAndOn(exporter: Exporter): () => Promise<void> {
  let isOver = false;
  const polling = (async () => {
    while (!isOver) {
      await exporter.pollAll();
      await wait(500);
    }
  })();
  return async () => {
    isOver = true;
    await polling;
  };
}
