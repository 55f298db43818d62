import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { DEFAULT_BUDGET_ALERTS } from '../../src/core/reports/budget.ts';
import { formatDecimal, fromNumber } from '../../src/core/values/money.ts';
import { DAY, isoDay } from '../../src/core/values/time.ts';
import { SIMULATED_IDS, SIMULATORS } from '../simulators/all.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { type Exporter, startExporter } from '../support/exporter/exporter.ts';
import { pollSuccessfully } from '../support/exporter/walk.ts';
import { samplesOf } from '../support/exposition/expected.ts';
import { completedBucketsOf } from '../support/providers/told-truth.ts';

/** The second of a month, before and after the first one is told. */
const FIRST = Date.UTC(2026, 10, 1);
const BEFORE = FIRST + DAY + 60_000;
const AFTER = FIRST + DAY + 45 * 60_000;

const BUDGETS = (['day', 'month'] as const).map((period) => ({
  ...{ name: period, limit: fromNumber(100), period, match: {}, ...DEFAULT_BUDGET_ALERTS },
}));

const Series = z.object({ series: z.array(z.object({ values: z.array(z.string().nullable()) })) });
const Costs = z.object({ unknown: z.array(z.unknown()) });

interface Seen {
  readonly series: readonly (string | null)[];
  readonly unknown: readonly string[];
  readonly budgets: readonly (string | undefined)[];
  readonly isComplete: readonly (number | undefined)[];
  readonly hasRunway: boolean;
}

/** What is known of the month so far, by the API, by budgets and by the runway. */
async function seen(exporter: Exporter, provider: string): Promise<Seen> {
  await pollSuccessfully(exporter);
  const page = await exporter.fresh();
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${exporter.url}/api/v1/${path}`)).json();
  const path = `costs/series?from=${isoDay(FIRST)}&to=${isoDay(FIRST + 2 * DAY)}&by=provider`;
  const { series } = Series.parse(await get(path));
  const windows = ['today', 'yesterday', 'month_to_date'];
  const answers = await Promise.all(windows.map((window) => get(`costs?window=${window}`)));
  const spent = samplesOf(page, 'ai_billing_budget_spent_usd');
  const labels = { provider, account: 'test' };
  return {
    series: series[0]?.values ?? [],
    unknown: windows.filter((_, index) => Costs.parse(answers[index]).unknown.length > 0),
    budgets: BUDGETS.map(({ name }) => spent.find((one) => one.labels.budget === name)?.value.toFixed(2)),
    isComplete: windows.map((window) => page.value('ai_billing_cost_window_complete', { ...labels, window })),
    hasRunway: page.value('ai_billing_runway_seconds', labels) !== undefined,
  };
}

for (const id of SIMULATED_IDS.filter((each) => completedBucketsOf(each) === 'day')) {
  test(`completed days: API, budgets and runway of ${id} know a day once it was told, and nothing of today`, async (context) => {
    const clock = fakeClockAt(BEFORE);
    const start = (): Promise<Simulator> => SIMULATORS[id]({ clock, generate: false });
    const simulator = await start();
    context.after(() => simulator.close());
    simulator.spend(FIRST - DAY, fromNumber(3));
    simulator.spend(FIRST + 3_600_000, fromNumber(2.5));
    simulator.spend(FIRST + DAY, fromNumber(7));
    const { url, key } = simulator;
    const account = { provider: id, url, key, since: FIRST - DAY };
    const exporter = await startExporter(context, clock, [account], { budgets: BUDGETS });
    assert.deepEqual(await seen(exporter, id), {
      series: [null, null],
      unknown: ['today', 'yesterday', 'month_to_date'],
      budgets: [undefined, undefined],
      isComplete: [0, 0, 0],
      hasRunway: true,
    });
    clock.set(AFTER);
    assert.deepEqual(await seen(exporter, id), {
      series: [formatDecimal(fromNumber(2.5)), null],
      unknown: ['today'],
      budgets: [undefined, '2.50'],
      isComplete: [0, 1, 1],
      hasRunway: true,
    });
  });
}
