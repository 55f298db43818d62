import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { z } from 'zod';
import { ONE, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, type Range } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { fakeClockAt } from '../kit/world.ts';
import type { DedicatedRow } from './rows.ts';
import { type BasetenOptions, type BasetenSimulator, startBaseten } from './server.ts';

// The description of 2026-07-01, without anything it does not name.
const Billable = z.strictObject({
  id: z.string(),
  kind: z.enum(['MODEL_DEPLOYMENT', 'TRAINING_JOB', 'CHAINLET']),
  name: z.string().nullish(),
  model_name: z.string().nullish(),
  is_deleted: z.boolean(),
  instance_type: z.string().nullish(),
  environment_name: z.string().nullish(),
  chain_metadata: z
    .strictObject({ chain_id: z.string(), chain_name: z.string().nullish(), chain_deployment_id: z.string() })
    .nullish(),
});
const run = { subtotal: Amount, minutes: z.int() };
const served = { ...run, inference_requests: z.int() };
const tokens = {
  subtotal: Amount,
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
};
const date = { date: z.iso.date() };
const totals = { subtotal: Amount, credits_used: Amount, total: Amount };
const Summary = z.strictObject({
  dedicated_usage: z
    .strictObject({
      ...totals,
      minutes: z.int(),
      breakdown: z.array(
        z.strictObject({
          billable_resource: Billable,
          ...served,
          daily: z.array(z.strictObject({ ...date, ...served })),
        }),
      ),
    })
    .nullish(),
  training_usage: z
    .strictObject({
      ...totals,
      minutes: z.int(),
      breakdown: z.array(
        z.strictObject({
          billable_resource: Billable,
          ...run,
          daily: z.array(z.strictObject({ ...date, ...run })),
        }),
      ),
    })
    .nullish(),
  model_apis_usage: z
    .strictObject({
      ...totals,
      breakdown: z.array(
        z.strictObject({
          model_name: z.string(),
          model_family: z.string().nullish(),
          ...tokens,
          daily: z.array(z.strictObject({ ...date, ...tokens })),
        }),
      ),
    })
    .nullish(),
});

const Prices = z.strictObject({
  instance_types: z.array(
    z.strictObject({
      instance_type: z.strictObject({
        id: z.string(),
        name: z.string(),
        memory_limit_mib: z.int(),
        millicpu_limit: z.int(),
        gpu_count: z.int(),
        gpu_type: z.string().nullable(),
        gpu_memory_limit_mib: z.int().nullable(),
      }),
      price: z.number(),
    }),
  ),
});
const Models = z.strictObject({
  models: z.array(
    z.strictObject({
      id: z.string(),
      created_at: z.iso.datetime(),
      name: z.string(),
      deployments_count: z.int(),
      production_deployment_id: z.string().nullable(),
      development_deployment_id: z.string().nullable(),
      instance_type_name: z.string(),
      team_name: z.string(),
    }),
  ),
});
const Teams = z.strictObject({
  teams: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      default: z.boolean(),
      created_at: z.iso.datetime(),
    }),
  ),
});

const TODAY = Date.UTC(2026, 10, 22);
let simulator: BasetenSimulator | undefined;
afterEach(() => simulator?.close());

async function start(options: BasetenOptions = {}): Promise<BasetenSimulator> {
  simulator = await startBaseten({ clock: fakeClockAt(NOON), contract: 'seed', ...options });
  return simulator;
}

function path(start: string, end: string): string {
  return `/v1/billing/usage_summary?start_date=${encodeURIComponent(start)}&end_date=${encodeURIComponent(end)}`;
}

async function summary(baseten: BasetenSimulator, range: Range, extra = {}) {
  const [start, end] = [range.start, range.end].map((at) => new Date(at).toISOString());
  const headers = { authorization: `Api-Key ${baseten.key}`, ...extra };
  return ask(baseten, path(start ?? '', end ?? ''), headers);
}

test('baseten simulator: the bill matches the documentation, with exact totals', async () => {
  const baseten = await start();
  const range = { start: TODAY - 30 * DAY, end: TODAY + DAY };
  const { status, body } = await summary(baseten, range);
  assert.equal(status, 200);
  const { dedicated_usage, training_usage, model_apis_usage } = Summary.parse(body);
  const truth = baseten.truth(range);
  const categories = { dedicated: dedicated_usage, training: training_usage, model_api: model_apis_usage };
  for (const [tier, category] of Object.entries(categories)) {
    const days = category?.breakdown.flatMap((item) => item.daily.map(({ subtotal }) => subtotal)) ?? [];
    assert.ok(days.length > 0, tier);
    assert.equal(sum(days), truth.total('cost', { tier }));
    assert.equal(category?.total, sum(days));
    assert.equal((category?.subtotal ?? 0n) + (category?.credits_used ?? 0n), category?.total);
    for (const item of category?.breakdown ?? []) {
      assert.equal(item.subtotal, sum(item.daily.map(({ subtotal }) => subtotal)));
    }
  }
  const seconds = (dedicated_usage?.minutes ?? 0) * 60;
  assert.equal(truth.total('billed_seconds', { tier: 'dedicated' }), BigInt(seconds) * ONE);
  const input = sum((model_apis_usage?.breakdown ?? []).map((item) => BigInt(item.input_tokens) * ONE));
  const counted =
    truth.total('tokens', { detail: 'input' }) + truth.total('tokens', { detail: 'cached_input' });
  assert.equal(counted, input);
});

test('baseten simulator: a response has both forms of amounts, and one deployment in two rows', async () => {
  const baseten = await start();
  const { text } = await summary(baseten, { start: TODAY - 7 * DAY, end: TODAY + DAY });
  assert.match(text, /"(sub)?total":"\d/);
  assert.match(text, /"(sub)?total":\d/);
  assert.equal(text.split('"id":"dep-llama"').length - 1, 2);
});

test('baseten simulator: rejects invalid requests', async () => {
  const baseten = await start({ memberKey: 'demo-member' });
  const key = { authorization: `Api-Key ${baseten.key}` };
  const refused = {
    'no dates': '/v1/billing/usage_summary',
    'no end': '/v1/billing/usage_summary?start_date=2026-11-01T00:00:00Z',
    'no start': '/v1/billing/usage_summary?end_date=2026-11-01T00:00:00Z',
    'not a time': path('2026-11-01', '2026-11-02'),
    'end before start': path('2026-11-02T00:00:00Z', '2026-11-01T00:00:00Z'),
    'an empty range': path('2026-11-02T00:00:00Z', '2026-11-02T00:00:00Z'),
    'before 2026': path('2025-12-31T23:59:59Z', '2026-01-02T00:00:00Z'),
    'longer than 31 days': path('2026-10-01T00:00:00Z', '2026-11-01T00:00:00.001Z'),
  };
  for (const [what, asked] of Object.entries(refused)) {
    const { status, body } = await ask(baseten, asked, key);
    assert.equal(status, 400, what);
    assert.ok(z.strictObject({ error: z.string() }).safeParse(body).success);
  }
  const good = path('2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z');
  const statusOf = async (authorization: string, asked = good) =>
    (await ask(baseten, asked, { authorization })).status;
  assert.equal(await statusOf(key.authorization), 200);
  assert.equal(await statusOf(key.authorization, '/v1/billing'), 404);
  assert.equal(await statusOf('Api-Key demo-member'), 403);
  assert.equal(await statusOf('Api-Key wrong'), 401);
  assert.equal(await statusOf(''), 401);
});

test('baseten simulator: the current contract accepts both auth schemes; the seed contract names its own', async () => {
  const range = { start: TODAY, end: TODAY + DAY };
  const seed = await start();
  assert.equal((await summary(seed, range, { authorization: `Bearer ${seed.key}` })).status, 401);
  await seed.close();
  const current = await start({ contract: 'current' });
  assert.equal((await summary(current, range, { authorization: `Bearer ${current.key}` })).status, 200);
  const { text } = await summary(current, range);
  assert.match(text, /LOOPS_SAMPLER/);
  assert.match(text, /surcharge_cost/);
});

test('baseten simulator: the 101st request in a second is rejected', async () => {
  const baseten = await start({ generate: false });
  const range = { start: TODAY, end: TODAY + DAY };
  const answers = [];
  for (let turn = 0; turn < 101; turn += 1) answers.push(await summary(baseten, range));
  assert.deepEqual(new Set(answers.slice(0, 100).map(({ status }) => status)), new Set([200]));
  assert.equal(answers[100]?.status, 429);
  const message = 'Rate limit exceeded. Please try again later.';
  assert.deepEqual(answers[100]?.body, { error: message, retry_after: 1 });
});

const ROW: DedicatedRow = {
  category: 'dedicated',
  at: TODAY,
  resource: { id: 'd1', kind: 'MODEL_DEPLOYMENT', model_name: 'm' },
  subtotal: parseDecimal('171.150000000001'),
  minutes: 3,
  inference_requests: 4,
};

test('baseten simulator: rows can be booked late, revised, renamed and removed', async () => {
  const baseten = await start({ generate: false });
  const range = { start: TODAY - DAY, end: TODAY + DAY };
  assert.match(
    (await summary(baseten, range)).text,
    /^\{("(dedicated|training|model_apis)_usage":null,?)*\}$/,
  );
  const entry = baseten.book(ROW);
  const totalOf = async () => Summary.parse((await summary(baseten, range)).body).dedicated_usage?.total;
  assert.equal(await totalOf(), ROW.subtotal);
  baseten.book({ ...ROW, at: TODAY - DAY, subtotal: ONE });
  assert.equal(await totalOf(), ROW.subtotal + ONE);
  entry.revise({ subtotal: parseDecimal('0.5'), resource: { ...ROW.resource, model_name: 'renamed' } });
  assert.equal(await totalOf(), parseDecimal('1.5'));
  assert.equal(baseten.truth(range).total('cost', { model: 'renamed' }), parseDecimal('0.5'));
  entry.remove();
  assert.equal(await totalOf(), ONE);
  baseten.silence('dedicated', 'absent');
  assert.equal(
    'dedicated_usage' in
      z
        .object({})
        .loose()
        .parse((await summary(baseten, range)).body),
    false,
  );
  baseten.silence('dedicated', 'null');
  assert.match((await summary(baseten, range)).text, /"dedicated_usage":null/);
  baseten.silence('dedicated', undefined);
  assert.equal(await totalOf(), ONE);
});

test('baseten simulator: options add stray days and omit the breakdown', async () => {
  const baseten = await start({ generate: false, strayDays: true });
  baseten.book(ROW);
  baseten.book({ ...ROW, at: TODAY - DAY });
  const { text } = await summary(baseten, { start: TODAY, end: TODAY + DAY });
  assert.match(text, /"date":"2026-11-21".*"date":"2026-11-22"/);
  await baseten.close();
  const totalsOnly = await start({ depth: 'totals' });
  const bare = await summary(totalsOnly, { start: TODAY, end: TODAY + DAY });
  assert.doesNotMatch(bare.text, /breakdown/);
});

test('baseten simulator: spend grows within the day and is corrected downward from time to time', async () => {
  const clock = fakeClockAt(NOON);
  const baseten = await start({ clock });
  const today = { start: TODAY, end: TODAY + DAY };
  const yesterday = { start: TODAY - DAY, end: TODAY };
  const seen = Array.from({ length: 600 }, () => {
    clock.advance(5000);
    return baseten.truth(today).total('cost');
  });
  assert.ok((seen.at(-1) ?? 0n) > (seen[0] ?? 0n));
  assert.ok(seen.some((value, index) => value < (seen[index - 1] ?? 0n)));
  const settled = baseten.truth(yesterday).total('cost');
  assert.ok(settled < baseten.truth(yesterday, TODAY + 3_600_000).total('cost'));
});

test('baseten simulator: the lists match the documentation and name what the bill names', async () => {
  const baseten = await start();
  const list = async (name: string) =>
    (await ask(baseten, `/v1/${name}`, { authorization: `Api-Key ${baseten.key}` })).body;
  const { instance_types: types } = Prices.parse(await list('instance_type_prices'));
  const prices = new Map(types.map(({ instance_type: { name }, price }) => [name, price]));
  const { models } = Models.parse(await list('models'));
  const { teams } = Teams.parse(await list('teams'));
  assert.deepEqual(teams.map(({ name }) => name).sort(), ['Core', 'Search', 'Speech']);
  assert.deepEqual(models.map(({ name, team_name }) => `${name} ${team_name}`).sort(), [
    'llama-3-3-70b Core',
    'whisper-v3-turbo Speech',
  ]);

  const { body } = await summary(baseten, { start: TODAY - 30 * DAY, end: TODAY + DAY });
  const { dedicated_usage, training_usage } = Summary.parse(body);
  const items = [...(dedicated_usage?.breakdown ?? []), ...(training_usage?.breakdown ?? [])];
  const settled = items.flatMap(({ billable_resource: { instance_type }, daily }) =>
    daily.filter(({ date }) => date < '2026-11-21').map((day) => ({ ...day, instance_type })),
  );
  assert.ok(settled.length > 100);
  for (const { subtotal, minutes, instance_type } of settled) {
    const price = parseDecimal(String(prices.get(instance_type ?? '')));
    assert.equal(subtotal, price * BigInt(minutes), `${minutes} minutes of ${instance_type}`);
  }
  const llama = models.find(({ name }) => name === 'llama-3-3-70b');
  assert.deepEqual([llama?.production_deployment_id, llama?.deployments_count], ['dep-llama', 1]);
});

test('baseten simulator: a billing-only key reads only the bill; a key without billing reads nothing', async () => {
  const baseten = await start({ billOnlyKey: 'demo-bill', memberKey: 'demo-member', generate: false });
  const lists = ['instance_type_prices', 'models', 'teams'].map((name) => `/v1/${name}`);
  const bill = path('2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z');
  const statuses = async (key: string) =>
    Promise.all(
      [bill, ...lists].map(
        async (each) => (await ask(baseten, each, { authorization: `Api-Key ${key}` })).status,
      ),
    );
  assert.deepEqual(await statuses(baseten.key), [200, 200, 200, 200]);
  assert.deepEqual(await statuses('demo-bill'), [200, 403, 403, 403]);
  assert.deepEqual(await statuses('demo-member'), [403, 403, 403, 403]);
  assert.deepEqual(await statuses('wrong'), [401, 401, 401, 401]);
});

test('baseten simulator: teams are in the current bill, and in the lists of both contracts', async () => {
  for (const contract of ['seed', 'current'] as const) {
    const baseten = await start({ contract, generate: false });
    baseten.book({ ...ROW, resource: { ...ROW.resource, team: 'Speech' } });
    const { text } = await summary(baseten, { start: TODAY, end: TODAY + DAY });
    assert.equal(text.includes('"team_id":"team-speech","team_name":"Speech"'), contract === 'current');
    const models = await ask(baseten, '/v1/models', { authorization: `Api-Key ${baseten.key}` });
    assert.match(models.text, /"name":"m".*"team_name":"Speech"/);
    await baseten.close();
  }
});
