import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUDGET_LABELS } from '../../src/core/reports/budget.ts';
import { WINDOWS } from '../../src/core/reports/windows.ts';
import { parseDecimal } from '../../src/core/values/money.ts';
import { DAY, MINUTE, type Range, startOfDay } from '../../src/core/values/time.ts';
import { startAll } from '../simulators/all.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { type Exporter, type Scrape, startExporter, windowsAt } from '../support/exporter/exporter.ts';
import { NOON, sum } from '../support/providers/simulated.ts';

test("/api/v1/costs: agrees with /metrics and the providers' bills to the last digit", async (context) => {
  const clock = fakeClockAt(NOON);
  const { close, ...simulators } = await startAll({ clock, genesis: NOON - 40 * DAY });
  context.after(close);
  const since = startOfDay(NOON) - DAY;
  const accounts = Object.entries(simulators).map(([provider, { url, key }]) => ({ provider, url, key }));
  const exporter = await startExporter(
    context,
    clock,
    // Northflank's hours are requested one by one.
    accounts.map((each) => (each.provider === 'northflank' ? { ...each, since } : each)),
  );
  const resource = { id: 'dep-hand', kind: 'MODEL_DEPLOYMENT', name: 'by hand', model_name: 'm' } as const;
  const row = { category: 'dedicated', at: NOON - DAY, resource, minutes: 7, inference_requests: 1 } as const;
  const refunded = simulators.baseten.book({ ...row, subtotal: parseDecimal('171.150000000001') });
  await exporter.pollAll();
  const page = await exporter.fresh();
  for (const window of WINDOWS) await assertAgrees(exporter, page, window);

  refunded.revise({ subtotal: parseDecimal('-0.000000000001') });
  clock.advance(20 * MINUTE);
  await exporter.pollAll();
  const later = await exporter.fresh();
  await exporter.restart();
  for (const window of WINDOWS) await assertAgrees(exporter, later, window);
  const billed = (range: Range) =>
    sum(
      simulators.baseten
        .truth(range)
        .entries.flatMap(({ measure, value }) => (measure === 'cost' ? value : [])),
    );
  for (const window of WINDOWS) {
    const { costs } = await costsOf(exporter, window, 'provider');
    const { usd = '' } = costs.find(({ provider }) => provider === 'baseten') ?? {};
    assert.equal(parseDecimal(usd), billed(windowsAt(clock.now())[window]), window);
  }
});

interface Answered {
  readonly unknown: readonly { readonly provider: string }[];
  readonly totalUsd: string | null;
  readonly costs: readonly Readonly<Record<string, string>>[];
}

async function costsOf({ url }: Exporter, window: string, by: string): Promise<Answered> {
  const response = await fetch(`${url}/api/v1/costs?window=${window}&by=${by}`);
  return JSON.parse(await response.text());
}

/** Of last month Northflank is not read at all, of this month from `since` on. OpenRouter tells of 30 completed days. */
const UNKNOWN: Readonly<Record<(typeof WINDOWS)[number], readonly string[]>> = {
  today: ['openrouter'],
  yesterday: [],
  month_to_date: ['northflank'],
  last_month: ['northflank', 'openrouter'],
};

/** Compares each cost with its gauge, and the total with the costs. */
async function assertAgrees(
  exporter: Exporter,
  page: Scrape,
  window: (typeof WINDOWS)[number],
): Promise<void> {
  const { costs, totalUsd, unknown } = await costsOf(exporter, window, BUDGET_LABELS.join());
  const keyOf = (labels: Readonly<Record<string, string>>) =>
    BUDGET_LABELS.map((label) => labels[label] ?? '').join('\n');
  const accounts = new Set(unknown.map(({ provider }) => provider));
  assert.deepEqual([...accounts].sort(), UNKNOWN[window]);
  for (const { labels, value } of page.families.get('ai_billing_cost_window_complete')?.samples ?? [])
    if (labels.window === window) assert.equal(value, accounts.has(labels.provider ?? '') ? 0 : 1);
  const shown = page.families.get(`ai_billing_cost_${window}_usd`)?.samples ?? [];
  const gauges = shown.filter(({ labels }) => !accounts.has(labels.provider ?? ''));
  assert.ok(gauges.length > 20, `${window}: ${gauges.length}`);
  assert.deepEqual(
    new Map(costs.map((cost) => [keyOf(cost), Number(cost.usd)])),
    new Map(gauges.map(({ labels, value }) => [keyOf(labels), value])),
  );
  const total = sum(costs.map(({ usd = '' }) => parseDecimal(usd)));
  assert.equal(totalUsd === null ? null : parseDecimal(totalUsd), accounts.size > 0 ? null : total);
}
