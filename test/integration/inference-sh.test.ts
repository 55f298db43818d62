import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { openClient } from '../../src/commands/client.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/values/time.ts';
import type { FailureReason } from '../../src/providers/api/errors.ts';
import { inferenceSh } from '../../src/providers/inference_sh/index.ts';
import type { PriceList } from '../simulators/inference-sh/evaluate.ts';
import type { InferenceShRow } from '../simulators/inference-sh/rows.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import { type Exporter, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { folderOf, runToEnd } from '../support/exporter/process.ts';
import { assertOnlyReads, ledgerLines, samplesOf } from '../support/exposition/expected.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const START = Date.UTC(2026, 10, 22, 11, 47);
const CANARY = 'canary-key-of-inference-sh';
const OWNER = { provider: 'inference_sh', account: 'test' };

/** The documented request, and one with an expression that the provider does not know. */
const EXAMPLE = {
  name: 'two images',
  pricing: {
    prices: { per_image: 200000 },
    inference_expression: 'image_count(output_meta.outputs) * prices.per_image',
  },
  output_meta: { inputs: [], outputs: [{ type: 'image', count: 2 }] },
  usage_seconds: 45,
};
const GPU = {
  name: 'gpu',
  account: 'test',
  pricing: { resource_expression: 'sum(resources.price_per_second) * elapsed_ms / 1000' },
  resources: [{ price_per_second: 12_000 }],
  usage_seconds: 45,
};
const MALFORMED = { name: 'malformed', pricing: { prices: { per_image: 'dear' } } };

interface World {
  readonly clock: FakeClock;
  readonly inference: Simulator<InferenceShRow>;
  readonly exporter: Exporter;
  /** Sets the provider's charges by the name of a price. */
  charge(prices: PriceList): void;
}

async function startFaultScenario(
  context: TestContext,
  contract: SimulatedContract,
  entries: readonly object[] = [EXAMPLE, GPU],
): Promise<World> {
  let prices: PriceList = {};
  const clock = fakeClockAt(START);
  const options = { clock, contract, generate: false, key: CANARY, prices: () => prices };
  const inference = await startInferenceSh(options);
  context.after(() => inference.close());
  const row = { app: 'acme/app', microcents: 100n, seconds: 10, task: 'task-1' };
  inference.book({ ...row, at: START - 10 * MINUTE });
  inference.book({ ...row, at: START - DAY - 10 * MINUTE });
  const { url, key } = inference;
  const account = { provider: 'inference_sh', url, key, since: START - (START % DAY), entries };
  const exporter = await startExporter(context, clock, [account]);
  const charge = (next: PriceList) => {
    prices = next;
  };
  return { clock, inference, exporter, charge };
}

async function pollSuccessfully(exporter: Exporter): Promise<Scrape> {
  const ill = (await exporter.pollAll()).filter(({ outcome }) => 'reason' in outcome);
  assert.deepEqual(ill, []);
  return exporter.fresh();
}

const Status = z.object({
  accounts: z.array(
    z.object({
      feeds: z.array(
        z.object({ name: z.string(), notes: z.array(z.object({ topic: z.string(), text: z.string() })) }),
      ),
    }),
  ),
});

async function notesOf({ url }: Exporter, feed: string) {
  const { accounts } = Status.parse(await (await fetch(`${url}/api/v1/status`)).json());
  return accounts[0]?.feeds.find(({ name }) => name === feed)?.notes;
}

/** Price probe samples as `family fee probe value`. */
function prices(page: Scrape): string[] {
  return ['fee_usd', 'total_usd', 'errors'].flatMap((family) =>
    samplesOf(page, `ai_billing_price_probe_${family}`).map(({ labels: { fee = '-', probe }, value }) =>
      [family, fee, probe, value].join(' '),
    ),
  );
}

const SEEN = [
  'fee_usd resource two images 0',
  'fee_usd inference two images 0.004',
  'fee_usd royalty two images 0',
  'fee_usd partner two images 0',
  'fee_usd resource gpu 0.0054',
  'fee_usd inference gpu 0',
  'fee_usd royalty gpu 0',
  'fee_usd partner gpu 0',
  'total_usd - two images 0.004',
  'total_usd - gpu 0.0054',
  'errors - two images 0',
  'errors - gpu 0',
];

for (const contract of CONTRACTS) {
  test(`inference.sh, ${contract} contract: a price change updates its gauge; a removed price is an error with a message`, async (context) => {
    const { clock, inference, exporter, charge } = await startFaultScenario(context, contract);
    assert.deepEqual(prices(await pollSuccessfully(exporter)), SEEN);
    assert.deepEqual(await notesOf(exporter, 'price_probes'), []);

    charge({ per_image: 250_000 });
    clock.advance(HOUR);
    const moved = SEEN.map((line) => line.replace(/two images 0\.004$/, 'two images 0.005'));
    assert.deepEqual(prices(await pollSuccessfully(exporter)), moved);

    charge({ per_image: null });
    for (let hours = 0; hours < 2; hours += 1) {
      clock.advance(HOUR);
      const gone = moved.filter((line) => !/(inference|-) two images 0\.005$/.test(line));
      const failed = gone.map((line) => line.replace('errors - two images 0', 'errors - two images 2'));
      assert.deepEqual(prices(await pollSuccessfully(exporter)), failed);
    }
    assert.deepEqual(await notesOf(exporter, 'price_probes'), [
      { topic: 'probe two images: inference_fee', text: 'no such key: per_image' },
      { topic: 'probe two images: total', text: '1 of the fees failed' },
    ]);
    assert.equal(exporter.log().match(/no such key: per_image/g)?.length, 1, 'it is logged when it is new');
    assertOnlyReads(inference.requests, ['/usage/cel/evaluate']);
    assert.equal(inference.requests.filter(({ method }) => method === 'POST').length, 8);
  });
}

test('inference.sh: only the price preview can be posted', async (context) => {
  const { inference } = await startFaultScenario(context, 'seed');
  const { url, key } = inference;
  const client = openClient({
    provider: inferenceSh,
    name: 'test',
    baseUrl: url,
    key: () => key,
    keySource: 'the test',
    since: undefined,
    timeoutMs: 30_000,
    schedule: {},
    config: {},
  });
  context.after(() => client.close());
  const ask = client.ask(new AbortController().signal);
  const sent = inference.requests.length;
  const schema = z.unknown();
  for (const path of [
    '/billing/charge',
    '/usage/breakdown',
    '/usage/cel/evaluate/',
    '/v1/usage/cel/evaluate',
  ]) {
    await assert.rejects(ask({ path, preview: {}, schema }), /is not one of the provider's previews/);
  }
  assert.equal(inference.requests.length, sent);
  await ask({ path: '/usage/cel/evaluate', preview: EXAMPLE, schema });
  assert.equal(inference.requests.at(-1)?.method, 'POST');
});

test('inference.sh: an unreadable price probe does not hide the others', async (context) => {
  const { exporter } = await startFaultScenario(context, 'current', [MALFORMED, EXAMPLE, GPU]);
  assert.deepEqual(
    prices(await pollSuccessfully(exporter)).filter((line) => !SEEN.includes(line)),
    ['errors - malformed 1'],
  );
  const text = 'POST /usage/cel/evaluate answered 400: the provider cannot read this probe';
  assert.deepEqual(await notesOf(exporter, 'price_probes'), [{ topic: 'probe malformed', text }]);
});

test('inference.sh: without price probes there is no such feed and no request', async (context) => {
  const { inference, exporter } = await startFaultScenario(context, 'current', []);
  const page = await pollSuccessfully(exporter);
  assert.deepEqual(prices(page), []);
  assert.ok(!page.text.includes('price_probes'));
  assertOnlyReads(inference.requests);
});

interface Strike {
  readonly fault: SimulatedFault;
  /** Absent: the feed is switched off. */
  readonly reason?: FailureReason;
}

const says = (text: string): SimulatedFault => ({ kind: 'edit', edit: () => text });
const refusal = (code: string, status: number) =>
  says(JSON.stringify({ success: false, status, error: { code, message: `no way in with ${CANARY}` } }));

const STRIKES: Readonly<Record<string, Strike>> = {
  '401': { fault: { kind: 'status', status: 401 } },
  '402': { fault: { kind: 'status', status: 402 } },
  '403': { fault: { kind: 'status', status: 403 } },
  '404': { fault: { kind: 'status', status: 404 } },
  '410': { fault: { kind: 'status', status: 410 } },
  'a refusal in an envelope with 200': { fault: refusal('forbidden', 403) },
  '429': { fault: { kind: 'throttle', waitSeconds: 5, style: 'seconds' }, reason: 'rate_limited' },
  '500': { fault: { kind: 'status', status: 500 }, reason: 'server' },
  '503': { fault: { kind: 'status', status: 503 }, reason: 'server' },
  'a failure in an envelope with 200': { fault: refusal('internal_error', 500), reason: 'server' },
  HTML: { fault: { kind: 'html' }, reason: 'contract' },
  'an empty body': { fault: { kind: 'empty' }, reason: 'contract' },
  null: { fault: says('null'), reason: 'contract' },
  'an empty object': { fault: says('{}'), reason: 'contract' },
  'truncated JSON': { fault: { kind: 'truncated' }, reason: 'contract' },
  'a reset connection': { fault: { kind: 'reset' }, reason: 'network' },
};

const OPTIONAL = [
  ['balance', /\/billing/, /^ai_billing_balance_usd\{/],
  ['price_probes', /\/evaluate$/, /^ai_billing_price_probe_/],
] as const;

/** Metrics that change with every poll: data-through times, and the number of series. */
const MOVING = /^ai_billing_(data_|series\{)/;

/** The samples of all feeds except one: amounts, and whether it is up. */
function others(page: Scrape, own: RegExp, feed: string): string[] {
  const lines = ledgerLines(page).filter((line) => !own.test(line) && !MOVING.test(line));
  const ups = samplesOf(page, 'ai_billing_up').filter(({ labels }) => labels.feed !== feed);
  // Feeds end in any order, and so do the samples of a family that several of them give.
  return [...lines.sort(), ...ups.map(({ labels, value }) => `${labels.feed} ${value}`)];
}

function own(page: Scrape, lines: RegExp): string[] {
  return ledgerLines(page).filter((line) => lines.test(line));
}

function failures(page: Scrape): string[] {
  return samplesOf(page, 'ai_billing_poll_failures_total')
    .filter(({ value }) => value > 0)
    .map(({ labels, value }) => `${labels.feed} ${labels.reason} ${value}`);
}

for (const contract of CONTRACTS) {
  for (const [feed, paths, lines] of OPTIONAL) {
    test(`inference.sh, ${contract} contract: faults of ${feed} do not affect the other feeds`, async (context) => {
      const { clock, inference, exporter } = await startFaultScenario(context, contract);
      const known: string[] = [];
      for (const [name, { fault, reason }] of Object.entries(STRIKES)) {
        const before = await pollSuccessfully(exporter);
        assert.ok(own(before, lines).length > 0, `${name}: it was well`);
        inference.fault(fault, paths);
        await exporter.pollAll();
        const after = await exporter.fresh();
        inference.fault(undefined);
        assert.deepEqual(others(after, lines, feed), others(before, lines, feed), name);
        assert.equal(after.value('ai_billing_up', { ...OWNER, feed }), reason ? 0 : undefined, name);
        assert.deepEqual(own(after, lines), reason ? own(before, lines) : [], name);
        if (reason) known.push(reason);
        assert.deepEqual(failures(after), counted(feed, known), name);
        // Keys and permissions change: the feed is tried again an hour later.
        clock.advance(HOUR);
        inference.book({ at: clock.now() - MINUTE, app: 'acme/app', microcents: 12_345n });
      }
      await pollSuccessfully(exporter);
      const off = new RegExp(`"feed":"${feed}".*"msg":"account has no access to this feed`, 'g');
      assert.equal(exporter.log().match(off)?.length, 6, 'each time it is told once');
      assert.ok(!exporter.log().includes(CANARY));
    });
  }
}

function counted(feed: string, reasons: readonly string[]): string[] {
  const order = ['rate_limited', 'network', 'server', 'contract'];
  return order
    .map((reason) => [reason, reasons.filter((one) => one === reason).length] as const)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${feed} ${reason} ${count}`);
}

test('inference.sh: the balance is read as far as the key permits', async (context) => {
  const { clock, inference, exporter } = await startFaultScenario(context, 'current');
  const balanceOf = (page: Scrape) => page.value('ai_billing_balance_usd', { ...OWNER, currency: 'USD' });
  const first = balanceOf(await pollSuccessfully(exporter));
  assert.equal(first, 499.999998);
  inference.book({ at: clock.now(), app: 'acme/app', microcents: 25_00000000n });
  assert.equal(balanceOf(await pollSuccessfully(exporter)), 474.999998);

  inference.fault({ kind: 'status', status: 403 }, /balance$/);
  assert.equal(balanceOf(await pollSuccessfully(exporter)), 474.999998);
  assert.match((await notesOf(exporter, 'balance'))?.[0]?.text ?? '', /cached/);
  inference.fault(undefined);
  inference.fault({ kind: 'status', status: 403 }, /billing$/);
  assert.equal(balanceOf(await pollSuccessfully(exporter)), 474.999998);
  assert.deepEqual(await notesOf(exporter, 'balance'), []);

  inference.fault(says('{"balance":null}'), /balance$/);
  assert.equal(balanceOf(await pollSuccessfully(exporter)), undefined, 'null is not zero');
  inference.fault(says('{"balance":-150000000}'), /balance$/);
  assert.equal(balanceOf(await pollSuccessfully(exporter)), -1.5);
});

test('inference.sh: trend, app calls, usage by tier, type and model, and contract drift follow the provider', async (context) => {
  const { clock, inference, exporter } = await startFaultScenario(context, 'current');
  const read = async () => {
    const page = await pollSuccessfully(exporter);
    return {
      trend: page.value('ai_billing_cost_trend_ratio', { ...OWNER, range: '1d' }),
      calls: page.value('ai_billing_range_requests', { ...OWNER, resource: 'acme/app', range: '1h' }),
      cloud: page.value('ai_billing_usage_by_tier_seconds', { ...OWNER, tier: 'cloud' }),
      gpu: page.value('ai_billing_usage_by_type_seconds', { ...OWNER, usage_type: 'gpu' }),
      model: page.value('ai_billing_usage_by_model_seconds', { ...OWNER, model: 'H100' }),
      drift: page.value('ai_billing_contract_drift_total', {
        ...OWNER,
        feed: 'summary',
        kind: 'unknown_field',
      }),
    };
  };
  const before = { trend: 0, calls: 1, cloud: 20, gpu: undefined, model: undefined, drift: 0 };
  assert.deepEqual(await read(), before);

  const task = { app: 'acme/app', microcents: 25n, seconds: 7, type: 'gpu', model: 'H100' };
  inference.book({ ...task, at: clock.now() - MINUTE });
  inference.fault(
    { kind: 'edit', edit: (text) => text.replace('"total_usage"', '"news":1,"total_usage"') },
    /summary$/,
  );
  assert.deepEqual(await read(), { trend: 0.25, calls: 2, cloud: 27, gpu: 7, model: 7, drift: 1 });
  inference.book({ ...task, at: clock.now() - MINUTE, microcents: 50n, seconds: 3 });
  assert.deepEqual(await read(), { trend: 0.75, calls: 3, cloud: 30, gpu: 10, model: 10, drift: 2 });
});

test('task-cost: needs a configuration and no ledger', async (context) => {
  const { inference } = await startFaultScenario(context, 'current');
  const env = { INFERENCE_API_KEY: CANARY };
  const file = `${await folderOf(context)}/c.yml`;
  const account = {
    provider: 'inference_sh',
    name: 'apps',
    apiKey: `\${INFERENCE_API_KEY}`,
    baseUrl: inference.url,
  };
  await writeFile(file, JSON.stringify({ accounts: [account], state: { path: '/proc/no/such/place' } }));
  const args = ['task-cost', '--config', file, '--account', 'apps'];
  const { code, out, err } = await runToEnd(context, [...args, 'task-1'], { env });
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^task task-1 of inference_sh "apps"\n[\s\S]*^ {2}total +0\.000001 USD$/m);
  assert.equal((await runToEnd(context, [...args, '../billing'], { env })).code, 2);
  assert.ok(!out.includes(CANARY));
});
