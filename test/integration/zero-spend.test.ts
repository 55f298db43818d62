import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { WINDOWS } from '../../src/core/reports/windows.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/values/time.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { assertSameSeries } from '../support/otlp/otlp-parity.ts';
import { startOtlpReceiver } from '../support/otlp/otlp-receiver.ts';
import { named, seriesOfPage, seriesOfPush } from '../support/otlp/otlp-series.ts';
import { receiverAt } from '../support/otlp/pushing.ts';
import { row, TODAY } from '../support/providers/venice.ts';

const NOW = TODAY + 15 * HOUR;
const ME = { provider: 'venice', account: 'test' };
const GAUGES = WINDOWS.map((window) => `ai_billing_cost_${window}_usd`);
const Costs = z.object({
  isComplete: z.boolean(),
  totalUsd: z.string().nullable(),
  costs: z.array(z.record(z.string(), z.string())),
});
const COUNTERS = ['ai_billing_cost_usd_total', 'ai_billing_cost_corrections_usd_total'];

const samplesOf = (page: Scrape, name: string) =>
  page.families.get(name.replace(/_total$/, ''))?.samples ?? page.families.get(name)?.samples ?? [];

test('zero spend: an account that was read but never billed is 0 on /metrics, over OTLP, in the API and on the first page', async (context) => {
  const clock = fakeClockAt(NOW);
  const venice = await startVenice({ clock, genesis: NOW, generate: false, emptyPages: 'never' });
  context.after(() => venice.close());
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/json' });
  const account = { provider: 'venice', url: venice.url, key: venice.key, since: TODAY - 5 * DAY };
  const exporter = await startExporter(context, clock, [account], {
    openTelemetry: { receivers: [receiverAt(url, { protocol: 'http/json' })] },
  });

  const before = await exporter.fresh();
  for (const name of [...GAUGES, ...COUNTERS]) assert.deepEqual(samplesOf(before, name), [], name);
  for (const window of WINDOWS)
    assert.equal(before.value('ai_billing_cost_window_complete', { ...ME, window }), 0, window);

  await exporter.pollAll();
  const page = await exporter.fresh();
  const labels = { ...ME, resource: '', model: '', tier: '', currency: 'USD' };
  for (const name of [...GAUGES.slice(0, 3), ...COUNTERS])
    assert.deepEqual(
      samplesOf(page, name).map((sample) => [sample.labels, sample.value]),
      [[labels, 0]],
      name,
    );
  const complete = WINDOWS.map((window) => page.value('ai_billing_cost_window_complete', { ...ME, window }));
  // The month began before `since`.
  assert.deepEqual(complete, [1, 1, 0, 0]);
  assert.equal(page.value('ai_billing_resource_info', { ...ME, resource: '' }), 1);

  await exporter.push();
  const isCost = (name: string) => /^ai_billing_(cost|resource)_/.test(name);
  assertSameSeries(
    named(seriesOfPush(pushes), isCost),
    named(seriesOfPage(page), isCost),
    'as it was pushed',
  );
  for (const window of WINDOWS) {
    const response = await fetch(`${exporter.url}/api/v1/costs?window=${window}&by=provider`);
    const { isComplete, totalUsd, costs } = Costs.parse(await response.json());
    const expected =
      page.value('ai_billing_cost_window_complete', { ...ME, window }) === 1
        ? [true, '0', [{ provider: 'venice', usd: '0' }]]
        : [false, null, []];
    assert.deepEqual([isComplete, totalUsd, costs], expected, window);
  }
  const front = await (await fetch(exporter.url)).text();
  assert.match(front, /data-tile="today" data-usd="0" data-complete="1\/1"/);
  assert.match(front, /data-unknown="venice">.*: month to date, last month\. The account is read only since/);

  venice.book(row(clock.now()));
  clock.advance(MINUTE);
  await exporter.pollAll();
  const spent = await exporter.fresh();
  assert.deepEqual(
    samplesOf(spent, 'ai_billing_cost_today_usd').map((sample) => [sample.labels.model, sample.value]),
    [
      ['m', 1],
      ['', 0],
    ],
    'its 0 stays beside what is spent',
  );
});
