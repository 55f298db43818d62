import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ONE, parseDecimal } from '../../src/core/values/money.ts';
import { HOUR, MINUTE } from '../../src/core/values/time.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { SimulatedContract } from '../simulators/kit/world.ts';
import type { RunPodRow } from '../simulators/runpod/rows.ts';
import { type RunPodOptions, startRunPod } from '../simulators/runpod/server.ts';
import { EVERYTHING, pollSuccessfully, walk } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertOnlyReads,
  assertWindows,
  ledgerLines,
} from '../support/exposition/expected.ts';
import { providerScene } from '../support/providers/provider-scene.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
/** The evening before the last day of a month. */
const EVENING = Date.UTC(2026, 9, 30, 22, 10);
const OWNER = { provider: 'runpod' };

async function scene(context: TestContext, options: RunPodOptions = {}, key?: string) {
  const { simulator: runPod, ...others } = await providerScene(context, {
    provider: 'runpod',
    start: startRunPod,
    options: { genesis: Date.UTC(2026, 9, 20), ...options },
    now: EVENING,
    key,
  });
  return { runPod, ...others };
}

const POD: RunPodRow = {
  at: Date.UTC(2026, 9, 29, 23, 30),
  product: 'pods',
  id: 'by-hand',
  usd: { gpu: parseDecimal('0.000001'), disk: parseDecimal('0.25') },
};

for (const contract of CONTRACTS) {
  test(`runpod: every value matches the bill, over a month end, ${contract} contract`, async (context) => {
    const { clock, runPod, exporter } = await scene(context, { contract });
    const pod = runPod.book(POD);
    const endpoint = runPod.book({ ...POD, product: 'endpoints', id: '', usd: { '': parseDecimal('12.5') } });
    await walk({ clock, exporter, owner: OWNER, truth: (range) => runPod.truth(range) }, [
      { at: '2026-10-30T22:10:00Z' },
      {
        at: '2026-10-30T23:50:10Z',
        happens: () => pod.revise({ usd: { gpu: parseDecimal('171.150000000001') } }),
      },
      { at: '2026-10-31T00:00:05Z', happens: () => endpoint.revise({ usd: { '': ONE } }) },
      {
        at: '2026-10-31T12:00:00Z',
        happens: () => {
          endpoint.remove();
          runPod.book({
            ...POD,
            at: Date.UTC(2026, 9, 31, 11, 59),
            product: 'clusters',
            id: 'cluster-by-hand',
            usd: { networking: parseDecimal('123456789.123456789012') },
          });
        },
      },
      // A record that is posted 47 hours late.
      {
        at: '2026-10-31T22:59:59Z',
        happens: () => void runPod.book({ ...POD, at: Date.UTC(2026, 9, 30, 0, 1) }),
      },
      {
        at: '2026-11-01T00:00:10Z',
        restarts: true,
        happens: () =>
          void runPod.book({
            ...POD,
            product: 'network-volumes',
            id: 'volume',
            usd: { high_performance: ONE },
          }),
      },
      {
        at: '2026-11-01T06:30:00Z',
        happens: () =>
          void runPod.book({ ...POD, at: Date.UTC(2026, 9, 31, 23), usd: { gpu: -parseDecimal('8.25') } }),
      },
      // Down for longer than hours are open.
      {
        at: '2026-11-04T15:00:00Z',
        happens: () => void runPod.book({ ...POD, at: Date.UTC(2026, 10, 1, 20) }),
      },
      { at: '2026-11-04T15:20:00Z' },
    ]);
    assertOnlyReads(runPod.requests);
    const page = await exporter.fresh();
    assert.equal(page.sum('ai_billing_reconciliation_difference_usd'), 0);
  });
}

test('runpod: a poll without history to read sends one request for each product', async (context) => {
  const { clock, runPod, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  const first = runPod.requests.length;
  clock.advance(15 * MINUTE);
  await pollSuccessfully(exporter);
  const asked = runPod.requests.slice(first);
  assert.deepEqual(
    asked.map(({ path }) => path.replace('/v2/billing/', '')),
    ['pods', 'serverless', 'endpoints', 'network-volumes', 'clusters'],
  );
  // The open hour and the 49 before it.
  const query = { startTime: '2026-10-28T21:00:00Z', endTime: '2026-10-30T23:00:00Z', bucketSize: 'hour' };
  for (const each of asked) assert.deepEqual(each.query, query);
  assert.equal(first % 5, 0);
});

const UNREADABLE: Readonly<Record<string, SimulatedFault>> = {
  'money that is no number': {
    kind: 'edit',
    edit: (body) => body.replace(/"totalAmount":[\d.]+/, '"totalAmount":"1,5"'),
  },
  'no money': { kind: 'edit', edit: (body) => body.replace(/"totalAmount":[\d.]+,/, '') },
  'a component that is no number': {
    kind: 'edit',
    edit: (body) => body.replace(/"gpuAmount":[\d.]+/, '"gpuAmount":"some"'),
  },
  'more than anybody spends': {
    kind: 'edit',
    edit: (body) => body.replace(/"totalAmount":[\d.]+/, '"totalAmount":1000000000001'),
  },
  'days for hours': {
    kind: 'edit',
    edit: (body) => body.replace(/"endTime":"2026-10-(\d\d)T\d\d/, '"endTime":"2026-10-31T23'),
  },
  'the list of version 1': { kind: 'edit', edit: () => '[{"amount":100.5,"time":"2026-10-30T00:00:00Z"}]' },
  'an answer that is cut': { kind: 'truncated' },
};

test('runpod: a product that cannot be read fails the feed and leaves the bill as it was', async (context) => {
  const { clock, runPod, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  const known = runPod.truth(EVERYTHING);
  for (const [what, fault] of Object.entries(UNREADABLE)) {
    await context.test(what, async () => {
      const before = ledgerLines(await exporter.fresh()).filter((line) => line.includes('_usd'));
      runPod.book({ ...POD, at: clock.now() - HOUR, product: 'clusters', id: 'cluster-by-hand' });
      clock.advance(2 * MINUTE);
      runPod.fault(fault, /serverless$/);
      const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
      assert.deepEqual(
        failed.map(({ feed, outcome }) => [feed, 'reason' in outcome && outcome.reason]),
        [['usage', 'contract']],
      );
      const page = await exporter.fresh();
      const after = ledgerLines(page).filter((line) => line.includes('_usd'));
      assert.deepEqual(after, before);
      runPod.fault(undefined);
      clock.advance(2 * MINUTE);
      await pollSuccessfully(exporter);
      const recovered = await exporter.fresh();
      assertWindows(recovered, OWNER, clock.now(), (range) => runPod.truth(range));
      assertNetCosts(recovered, OWNER, known, runPod.truth(EVERYTHING));
    });
  }
});

test('runpod: a lost record shows as a difference from the totals', async (context) => {
  const { runPod, exporter } = await scene(context, { generate: false });
  runPod.book({ ...POD, product: 'network-volumes', usd: { standard: ONE } });
  const edit = (body: string) => body.replace(/"records":\[\{.*?\}\]/, '"records":[]');
  runPod.fault({ kind: 'edit', edit }, /network-volumes$/);
  await pollSuccessfully(exporter);
  assert.equal((await exporter.fresh()).sum('ai_billing_reconciliation_difference_usd'), 1);
});

test('runpod: a product that is empty twice is believed, once is not', async (context) => {
  const { clock, runPod, exporter } = await scene(context, { generate: false });
  runPod.book({ ...POD, at: EVENING - HOUR });
  runPod.book({ ...POD, at: EVENING - HOUR, product: 'serverless', id: 'endpoint' });
  await pollSuccessfully(exporter);
  const today = async () => (await exporter.fresh()).sum('ai_billing_cost_today_usd');
  assert.equal(await today(), 0.500002);
  const edit = () => '{"records":[],"metadata":{"totals":{"totalAmount":0}}}';
  runPod.fault({ kind: 'edit', edit }, /pods$/);
  clock.advance(MINUTE);
  await pollSuccessfully(exporter);
  assert.equal(await today(), 0.500002);
  clock.advance(16 * MINUTE);
  await pollSuccessfully(exporter);
  assert.equal(await today(), 0.250001);
});

test('runpod: a key that may not read billing is told so', async (context) => {
  const { exporter } = await scene(context, { restrictedKey: 'rpa_1' }, 'rpa_1');
  const outcomes = (await exporter.pollAll()).map(({ outcome }) => 'reason' in outcome && outcome.reason);
  assert.deepEqual(outcomes, ['auth']);
  assert.match(exporter.log(), /may read billing/);
});
