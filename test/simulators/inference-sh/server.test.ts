import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { z } from 'zod';
import { fromInteger } from '../../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/values/time.ts';
import { ask, NOON } from '../../support/providers/simulated.ts';
import type { Simulator } from '../kit/service.ts';
import { fakeClockAt } from '../kit/world.ts';
import type { InferenceShRow } from './rows.ts';
import { type InferenceShOptions, startInferenceSh } from './server.ts';

const Breakdown = z.strictObject({
  timeseries: z.array(z.strictObject({ date: z.string(), per_app: z.record(z.string(), z.int()) })),
  per_model: z.array(z.strictObject({ app_endpoint: z.string(), call_count: z.int(), cost: z.int() })),
  models: z.array(z.string()),
  total_cost: z.int(),
  period_start: z.iso.datetime(),
  period_end: z.iso.datetime(),
  trend_percent: z.number().optional(),
});
const Problem = z.strictObject({ type: z.url(), title: z.string(), status: z.int(), detail: z.string() });
const Wrapped = z.strictObject({ data: z.unknown(), messages: z.array(z.unknown()) });

const TODAY = Date.UTC(2026, 10, 22);
const V2 = { 'x-api-version': '2' };

let simulator: Simulator<InferenceShRow> | undefined;
afterEach(() => simulator?.close());

async function start(options: InferenceShOptions = {}): Promise<Simulator<InferenceShRow>> {
  simulator = await startInferenceSh({
    clock: fakeClockAt(NOON),
    contract: 'seed',
    genesis: TODAY - 9 * DAY,
    ...options,
  });
  return simulator;
}

async function breakdown(inference: Simulator<InferenceShRow>, range: string) {
  return Breakdown.parse((await ask(inference, `/usage/breakdown?range=${range}`, V2)).body);
}

function costOf(series: z.infer<typeof Breakdown>['timeseries']): number {
  return series.flatMap(({ per_app }) => Object.values(per_app)).reduce((sum, cost) => sum + cost, 0);
}

test('inference.sh simulator: every window slides, splits into its buckets and has exact totals', async () => {
  const inference = await start();
  const windows = { '1h': HOUR, '1d': DAY, '7d': 7 * DAY, '30d': 30 * DAY, '90d': 90 * DAY };
  for (const [range, lengthMs] of Object.entries(windows)) {
    const body = await breakdown(inference, range);
    assert.equal(Date.parse(body.period_end), NOON);
    assert.equal(Date.parse(body.period_start), NOON - lengthMs);
    const truth = inference.truth({ start: NOON - lengthMs, end: NOON }).total('cost');
    assert.equal(fromInteger(BigInt(body.total_cost), -8), truth);
    assert.equal(costOf(body.timeseries), body.total_cost);
    assert.equal(
      body.per_model.reduce((sum, { cost }) => sum + cost, 0),
      body.total_cost,
    );
  }
  const [first] = (await breakdown(inference, '7d')).timeseries;
  assert.equal(first?.date, '2026-11-15');
  const whole = inference.truth({ start: TODAY - 7 * DAY, end: TODAY - 6 * DAY }).total('cost');
  const cut = inference.truth({ start: NOON - 7 * DAY, end: TODAY - 6 * DAY }).total('cost');
  assert.ok(cut < whole);
  assert.equal(fromInteger(BigInt(first ? costOf([first]) : 0), -8), cut);
});

test('inference.sh simulator: long windows are dated by day, short ones by instant; the default is 30 days', async () => {
  const inference = await start();
  const datesOf = async (range: string) =>
    (await breakdown(inference, range)).timeseries.map(({ date }) => date);
  assert.match((await datesOf('1h'))[0] ?? '', /^2026-11-22T1[01]:\d\d:00Z$/);
  assert.match((await datesOf('1d'))[0] ?? '', /^2026-11-21T\d\d:00:00Z$/);
  const byDefault = Breakdown.parse((await ask(inference, '/usage/breakdown', V2)).body);
  assert.equal(Date.parse(byDefault.period_start), NOON - 30 * DAY);
});

test('inference.sh simulator: has three envelopes: bare, version 1, and current for any version', async () => {
  const seed = await start();
  assert.ok(Breakdown.safeParse((await ask(seed, '/usage/breakdown', V2)).body).success);
  const V1 = z.strictObject({ success: z.literal(true), status: z.literal(200), data: Breakdown });
  assert.ok(V1.safeParse((await ask(seed, '/usage/breakdown')).body).success);
  assert.ok(Breakdown.safeParse((await ask(seed, '/v1/usage/breakdown', V2)).body).success);
  await seed.close();
  const current = await start({ contract: 'current' });
  for (const headers of [V2, {}]) {
    const { data } = Wrapped.parse((await ask(current, '/usage/breakdown', headers)).body);
    assert.ok(Breakdown.safeParse(data).success);
    assert.equal(Problem.parse((await ask(current, '/usage', headers)).body).status, 404);
  }
});

test('inference.sh simulator: errors are RFC 9457 problems or the first envelope', async () => {
  const inference = await start({ scopelessKey: 'demo-scopeless' });
  const bad = await ask(inference, '/usage/breakdown?range=2h', V2);
  assert.deepEqual([bad.status, bad.headers.get('content-type')], [400, 'application/problem+json']);
  assert.equal(Problem.parse(bad.body).type, 'https://api.inference.sh/errors/invalid_request');
  const old = await ask(inference, '/usage/breakdown?range=2h');
  const detail = 'range must be one of 1h, 1d, 7d, 30d, 90d';
  assert.deepEqual(old.body, {
    success: false,
    status: 400,
    error: { code: 'invalid_request', message: detail },
  });
  const missing = await ask(inference, '/usage/breakdown', { ...V2, authorization: '' });
  assert.deepEqual(Problem.parse(missing.body), {
    type: 'https://api.inference.sh/errors/unauthorized',
    title: 'Unauthorized',
    status: 401,
    detail: 'Invalid or missing API key',
  });
  const scopeless = await ask(inference, '/usage/breakdown', {
    ...V2,
    authorization: 'Bearer demo-scopeless',
  });
  assert.equal(Problem.parse(scopeless.body).status, 403);
  assert.equal(Problem.parse((await ask(inference, '/usage', V2)).body).status, 404);
  inference.fault({ kind: 'throttle', waitSeconds: 7, style: 'reset' });
  const limited = await ask(inference, '/usage/summary', V2);
  assert.equal(Problem.parse(limited.body).type, 'https://api.inference.sh/errors/rate_limited');
  assert.equal(limited.headers.get('x-ratelimit-reset'), String(NOON / 1000 + 7));
});

test('inference.sh simulator: refunded records leave the breakdown, late ones join it, int64 keeps its digits', async () => {
  const clock = fakeClockAt(NOON);
  const inference = await start({ clock, generate: false });
  const row = { at: NOON - 30 * MINUTE, app: 'a/b', microcents: 9_007_199_254_740_993n };
  inference.book({ ...row, refundedAt: NOON + MINUTE });
  inference.book({ ...row, app: 'a/late', microcents: 5n, recordedAt: NOON + MINUTE });
  assert.match(
    (await ask(inference, '/usage/breakdown?range=1h', V2)).text,
    /"total_cost":9007199254740993,/,
  );
  clock.advance(MINUTE);
  const { total_cost, models } = await breakdown(inference, '1h');
  assert.deepEqual([total_cost, models], [5, ['a/late']]);
});

test('inference.sh simulator: the trend compares with the previous period, and is absent without one', async () => {
  const inference = await start({ generate: false });
  inference.book({ at: NOON - MINUTE, app: 'a/b', microcents: 300n });
  assert.equal((await breakdown(inference, '1d')).trend_percent, undefined);
  inference.book({ at: NOON - DAY - MINUTE, app: 'a/b', microcents: 200n });
  assert.equal((await breakdown(inference, '1d')).trend_percent, 50);
});

test('inference.sh simulator: options align windows, zero-fill series and shorten the list of apps', async () => {
  const inference = await start({ window: 'aligned', zeroFilled: true, top: 1 });
  const body = await breakdown(inference, '1h');
  assert.equal(body.period_start, '2026-11-22T10:47:00.000Z');
  assert.equal(body.timeseries.length, 61);
  assert.equal(body.per_model.length, 1);
});

test('inference.sh simulator: the summary splits one total three ways; the balance is in microcents', async () => {
  const inference = await start();
  const Seconds = z.record(z.string(), z.int());
  const Summary = z.strictObject({
    tier_usage: Seconds,
    type_usage: Seconds,
    model_usage: Seconds,
    total_usage: z.int(),
  });
  const summary = Summary.parse((await ask(inference, '/usage/summary', V2)).body);
  const total = (seconds: Record<string, number>) =>
    Object.values(seconds).reduce((sum, value) => sum + value, 0);
  assert.equal(total(summary.tier_usage), summary.total_usage);
  assert.equal(total(summary.type_usage), summary.total_usage);
  assert.equal(total(summary.model_usage), summary.type_usage.gpu);
  const Balance = z.strictObject({ balance: z.int() });
  const { balance } = Balance.parse((await ask(inference, '/billing/balance', V2)).body);
  const Billing = z.strictObject({ balance: z.int(), currency: z.literal('usd'), status: z.string() });
  assert.equal(Billing.parse((await ask(inference, '/billing', V2)).body).balance, balance);
});

/** The documented request. */
const EXAMPLE = {
  pricing: {
    prices: { per_image: 200000 },
    inference_expression: 'image_count(output_meta.outputs) * prices.per_image',
  },
  output_meta: { inputs: [], outputs: [{ type: 'image', count: 2 }] },
  usage_seconds: 45,
};

function evaluation(inference: Simulator<InferenceShRow>, preview: unknown, path = '/usage/cel/evaluate') {
  return ask(inference, path, V2, { method: 'POST', body: JSON.stringify(preview) });
}

test('inference.sh simulator: evaluates the documented example and a resource; other expressions fail one by one', async () => {
  const inference = await start();
  const zero = { value: 0 };
  assert.deepEqual((await evaluation(inference, EXAMPLE, '/v1/usage/cel/evaluate')).body, {
    resource_fee: zero,
    inference_fee: { value: 400_000 },
    royalty_fee: zero,
    partner_fee: zero,
    total: { value: 400_000 },
    description: { value: '' },
  });
  const other = {
    pricing: {
      description: 'by the second',
      resource_expression: 'sum(resources.price_per_second) * elapsed_ms / 1000',
      inference_expression: 'prices.per_clip',
      royalty_expression: 'pow(2, 3)',
      partner_expression: 'usage_seconds * prices.share',
      prices: { share: 10 },
    },
    resources: [{ price_per_second: 12_000 }, { price_per_second: 1 }],
    usage_seconds: 45,
  };
  assert.deepEqual((await evaluation(inference, other)).body, {
    resource_fee: { value: 540_045 },
    inference_fee: { value: 0, error: 'no such key: per_clip' },
    royalty_fee: {
      value: 0,
      error: "ERROR: <input>:1:1: undeclared reference to 'pow(2, 3)' (in container '')",
    },
    partner_fee: { value: 450 },
    total: { value: 540_495, error: '2 of the fees failed' },
    description: { value: 'by the second' },
  });
});

test('inference.sh simulator: provider prices apply where they exist', async () => {
  let perImage: number | null = 300_000;
  const inference = await start({ prices: () => ({ per_image: perImage }) });
  const Fee = z.object({ inference_fee: z.object({ value: z.int(), error: z.string().optional() }) });
  const feeOf = async () => Fee.parse((await evaluation(inference, EXAMPLE)).body).inference_fee;
  assert.deepEqual(await feeOf(), { value: 600_000 });
  perImage = null;
  assert.deepEqual(await feeOf(), { value: 0, error: 'no such key: per_image' });
});

test('inference.sh simulator: accepts only previews by POST, and evaluates only valid ones', async () => {
  const inference = await start();
  for (const preview of [null, {}, { pricing: [] }, { pricing: { prices: { per_image: 'dear' } } }]) {
    assert.equal((await evaluation(inference, preview)).status, 400);
  }
  assert.equal((await ask(inference, '/usage/cel/evaluate', V2, { method: 'POST', body: '{' })).status, 400);
  assert.equal((await ask(inference, '/usage/cel/evaluate', V2)).status, 405);
  assert.equal((await ask(inference, '/usage/cel/evaluate', V2, { method: 'PUT' })).status, 405);
  assert.equal((await evaluation(inference, EXAMPLE, '/billing/charge')).status, 405);
  assert.equal((await evaluation(inference, EXAMPLE, '/usage/breakdown')).status, 405);
  const current = await start({ contract: 'current' });
  assert.ok(Wrapped.safeParse((await evaluation(current, EXAMPLE)).body).success);
  await inference.close();
});

test('inference.sh simulator: a task has a cost once it is booked', async () => {
  const row = { at: NOON, app: 'a/b', microcents: 1_000_001n, task: 'task-1', seconds: 3, model: 'A100' };
  const inference = await start({ generate: false });
  assert.equal((await ask(inference, '/usage/tasks/task-1/cost', V2)).status, 404);
  inference.book(row);
  const fees = {
    resource_fee: 600_000,
    inference_fee: 400_001,
    royalty_fee: 0,
    partner_fee: 0,
    total: 1_000_001,
  };
  const rest = { status: 10, usage: { seconds: 3, tier: 'cloud', model: 'A100' } };
  assert.deepEqual((await ask(inference, '/usage/tasks/task-1/cost', V2)).body, { ...fees, ...rest });
  await inference.close();
  const current = await start({ generate: false, contract: 'current' });
  current.book(row);
  const values = Object.fromEntries(Object.entries(fees).map(([name, value]) => [name, { value }]));
  const { data } = Wrapped.parse((await ask(current, '/v1/usage/tasks/task-1/cost', V2)).body);
  assert.deepEqual(data, { ...values, ...rest });
});
