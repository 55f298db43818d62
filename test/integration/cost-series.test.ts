import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WINDOWS, windowAt } from '../../src/core/reports/windows.ts';
import type { Measure } from '../../src/core/statement/statement.ts';
import { formatDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, isoDay, type Range, startOfDay, startOfMonth } from '../../src/core/values/time.ts';
import { startAll } from '../simulators/all.ts';
import type { Truth } from '../simulators/kit/truth.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { type Exporter, startExporter } from '../support/exporter/exporter.ts';
import { NOON, sum } from '../support/providers/simulated.ts';

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (string | null)[];
  readonly total: string | null;
}

interface Answered {
  readonly buckets: readonly string[];
  readonly series: readonly Row[];
  readonly total: Omit<Row, 'labels'>;
  readonly limits?: readonly { readonly provider: string; readonly finestStep: string }[];
}

async function answered<T>({ url }: Exporter, path: string): Promise<T> {
  const response = await fetch(url + path);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

const seriesOf = (exporter: Exporter, query: string) =>
  answered<Answered>(exporter, `/api/v1/costs/series?${query}`);

test("/api/v1/costs/series: agrees with the providers' bills by the day, and with /api/v1/costs", async (context) => {
  const clock = fakeClockAt(NOON);
  const { close, ...simulators } = await startAll({ clock, genesis: NOON - 40 * DAY });
  context.after(close);
  const since = startOfDay(NOON) - 3 * DAY;
  const accounts = Object.entries(simulators).map(([provider, { url, key }]) => ({ provider, url, key }));
  const exporter = await startExporter(
    context,
    clock,
    // Northflank's hours are requested one by one.
    accounts.map((each) => (each.provider === 'northflank' ? { ...each, since } : each)),
  );
  await exporter.pollAll();
  await exporter.fresh();
  const truths = Object.entries(simulators).map(
    ([provider, simulator]) => [provider, (range: Range) => simulator.truth(range)] as const,
  );
  await assertBilled(exporter, truths, since);
  await assertHours(exporter);
  for (const window of WINDOWS) await assertWindow(exporter, window, clock.now());
  await exporter.restart();
  await assertBilled(exporter, truths, since);
  for (const window of WINDOWS) await assertWindow(exporter, window, clock.now());
});

type TruthOf = (range: Range) => Truth;

/** Compares each whole day of each provider with its bill; before Northflank's `since` it and the total are unknown. */
async function assertBilled(
  exporter: Exporter,
  truths: readonly (readonly [string, TruthOf])[],
  since: number,
): Promise<void> {
  for (const [name, measure] of [
    ['cost', 'cost'],
    ['tokens', 'tokens'],
    ['requests', 'requests'],
  ] as const) {
    const from = since - 2 * DAY;
    const query = `from=${isoDay(from)}&to=${isoDay(startOfDay(NOON))}&by=provider&measure=${name}`;
    const { buckets, series, total } = await seriesOf(exporter, query);
    assert.deepEqual(
      buckets,
      [0, 1, 2, 3, 4].map((index) => isoDay(from + index * DAY)),
    );
    for (const [index] of buckets.entries()) {
      const start = from + index * DAY;
      const isUnread = start < since;
      let all = 0n;
      for (const [provider, truth] of truths) {
        const billed = billOf(truth({ start, end: start + DAY }), measure);
        all += billed;
        const row = series.find(({ labels }) => labels.provider === provider);
        const expected = isUnread && provider === 'northflank' ? null : formatDecimal(billed);
        if (row || billed !== 0n)
          assert.equal(row?.values[index], expected, `${name} of ${provider} ${buckets[index]}`);
      }
      assert.equal(total.values[index], isUnread ? null : formatDecimal(all), `${name} ${buckets[index]}`);
    }
  }
}

function billOf({ entries }: Truth, measure: Measure): bigint {
  return sum(entries.flatMap((entry) => (entry.measure === measure ? entry.value : [])));
}

/** Bill by the day: inference.sh only what was first read more than a day later. */
const DAILY = ['anthropic', 'baseten', 'inference_sh', 'openai', 'openrouter'];

/** The hours of the others come to their day. */
async function assertHours(exporter: Exporter): Promise<void> {
  const yesterday = startOfDay(NOON) - DAY;
  const range = `from=${isoDay(yesterday)}&to=${isoDay(yesterday + DAY)}&by=provider`;
  const hours = await seriesOf(exporter, `${range}&step=hour`);
  const days = await seriesOf(exporter, range);
  assert.equal(hours.buckets[1], new Date(yesterday + HOUR).toISOString().replace('.000', ''));
  for (const { labels, total } of days.series) {
    const row = hours.series.find(({ labels: { provider } }) => provider === labels.provider);
    assert.equal(row?.total, DAILY.includes(labels.provider ?? '') ? null : total, labels.provider);
  }
  assert.deepEqual(
    hours.limits?.map(({ provider, finestStep }) => [provider, finestStep]).sort(),
    DAILY.map((provider) => [provider, 'day']),
  );
}

interface Costs {
  readonly unknown: readonly { readonly provider: string }[];
  readonly totalUsd: string | null;
  readonly costs: readonly { readonly provider: string; readonly model: string; readonly usd: string }[];
}

async function assertWindow(
  exporter: Exporter,
  window: (typeof WINDOWS)[number],
  now: number,
): Promise<void> {
  const { kind, start } = windowAt(window, now);
  const to = kind === 'day' ? start + DAY : startOfMonth(start, 1);
  const by = 'by=provider,model';
  const { costs, totalUsd, unknown } = await answered<Costs>(
    exporter,
    `/api/v1/costs?window=${window}&${by}`,
  );
  const query = `step=${kind}&from=${isoDay(start)}&to=${isoDay(to)}&${by}`;
  const { series, total } = await seriesOf(exporter, query);
  const unread = new Set(unknown.map(({ provider }) => provider));
  assert.equal(total.total, totalUsd, window);
  assert.ok(costs.length > 20);
  assert.deepEqual(
    series
      .filter(({ values: [value] }) => value !== null)
      .map(({ labels, total }) => ({ ...labels, usd: total })),
    costs,
    window,
  );
  for (const { labels, total } of series) if (unread.has(labels.provider ?? '')) assert.equal(total, null);
}
