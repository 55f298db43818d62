import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { z } from 'zod';
import { type Fixed, ONE } from '../../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { row } from '../../support/providers/venice.ts';
import type { Simulator } from '../kit/service.ts';
import { fakeClockAt } from '../kit/world.ts';
import type { VeniceRow } from './rows.ts';
import { startVenice, type VeniceOptions } from './server.ts';

const TODAY = Date.UTC(2026, 10, 22);
const BASE = '/api/v1/billing';
const DAY_QUERY = 'startDate=2026-11-21T00:00:00Z&endDate=2026-11-21T23:59:59.999Z';

let simulator: Simulator<VeniceRow> | undefined;
afterEach(() => simulator?.close());

async function start(options: VeniceOptions = {}): Promise<Simulator<VeniceRow>> {
  simulator = await startVenice({ clock: fakeClockAt(NOON), genesis: TODAY - 2 * DAY, ...options });
  return simulator;
}

const LegacyPage = z.strictObject({
  warningMessage: z.string().optional(),
  data: z.array(z.object({ amount: Amount, sku: z.string(), timestamp: z.string() })),
  pagination: z.strictObject({ limit: z.int(), page: z.int(), total: z.int(), totalPages: z.int() }),
});

test('venice simulator: requires an ADMIN key, and answers 402 without a key', async () => {
  const venice = await start({ inferenceKey: 'demo-inference' });
  const answerOf = async (headers: Record<string, string>) => {
    const response = await fetch(`${venice.url}${BASE}/balance`, { headers });
    return { status: response.status, body: await response.json() };
  };
  const inference = await answerOf({ authorization: 'Bearer demo-inference' });
  assert.deepEqual(inference, { status: 401, body: { error: 'Admin API key required' } });
  assert.equal((await answerOf({ authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await answerOf({})).status, 402);
});

test('venice simulator: each contract has its own ledger endpoint', async () => {
  const current = await start();
  const { status, headers, body } = await ask(current, `${BASE}/usage`, { authorization: '' });
  assert.equal(status, 410);
  assert.equal(headers.get('deprecation'), '@1783555200');
  assert.equal(headers.get('sunset'), 'Wed, 16 Sep 2026 00:00:00 GMT');
  assert.match(headers.get('link') ?? '', /^<\/api\/v1\/billing\/usage-history>; rel="successor-version"/);
  assert.match(JSON.stringify(body), /usage-history/);
  await current.close();
  const seed = await start({ contract: 'seed' });
  assert.equal((await ask(seed, `${BASE}/usage-history`)).status, 404);
  assert.equal((await ask(seed, `${BASE}/usage`)).status, 200);
});

test('venice simulator: the legacy endpoint pages by offset in both orders, with exact totals', async () => {
  const venice = await start({ contract: 'seed' });
  const rowsOf = async (order: string) => {
    const rows = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const query = `${DAY_QUERY}&limit=100&page=${page}&sortOrder=${order}`;
      const { body, headers } = await ask(venice, `${BASE}/usage?${query}`);
      const { data, pagination } = LegacyPage.parse(body);
      assert.equal(headers.get('x-pagination-total'), String(pagination.total));
      pages = pagination.totalPages;
      rows.push(...data);
    }
    return rows;
  };
  const ascending = await rowsOf('asc');
  const descending = await rowsOf('desc');
  const total = sum(ascending.filter(({ sku }) => sku !== 'credit-purchase').map(({ amount }) => amount));
  assert.equal(-total, venice.truth({ start: TODAY - DAY, end: TODAY }).total('cost'));
  assert.equal(descending.length, ascending.length);
  assert.equal(descending[0]?.timestamp, ascending.at(-1)?.timestamp);
  const [byDefault] = LegacyPage.parse((await ask(venice, `${BASE}/usage?${DAY_QUERY}`)).body).data;
  assert.equal(byDefault?.timestamp, descending[0]?.timestamp);
});

test('venice simulator: the legacy endpoint rejects invalid parameters', async () => {
  const venice = await start({ contract: 'seed' });
  const refused = [
    'limit=501',
    'limit=0',
    'page=0',
    'page=x',
    'sortOrder=up',
    'currency=EUR',
    'startDate=yesterday',
  ];
  for (const query of refused) assert.equal((await ask(venice, `${BASE}/usage?${query}`)).status, 400, query);
  for (const query of ['limit=500', 'currency=VCU', 'startDate=2026-11-21']) {
    assert.equal((await ask(venice, `${BASE}/usage?${query}`)).status, 200, query);
  }
});

test('venice simulator: the legacy endpoint announces its sunset and limits requests per minute', async () => {
  const venice = await start({ contract: 'seed', legacyPerMinute: 1 });
  const first = await ask(venice, `${BASE}/usage?${DAY_QUERY}`);
  assert.ok(LegacyPage.parse(first.body).warningMessage);
  assert.equal(first.headers.get('deprecation'), '@1783555200');
  const { status, headers } = await ask(venice, `${BASE}/usage?${DAY_QUERY}`);
  assert.equal(status, 429);
  assert.equal(headers.get('retry-after'), '60');
  assert.equal(headers.get('x-ratelimit-resets'), String(NOON + 60 * SECOND));
});

test('venice simulator: responses carry rate limits with resets in Unix seconds', async () => {
  const venice = await start();
  const { headers } = await ask(venice, `${BASE}/balance`);
  assert.equal(headers.get('x-ratelimit-remaining-requests'), '999');
  assert.equal(headers.get('x-ratelimit-reset-requests'), String(NOON / 1000 + 60));
});

test('venice simulator: more than 20 failures in 30 s block the caller for 30 s', async () => {
  const clock = fakeClockAt(NOON);
  const venice = await start({ clock });
  for (let turn = 0; turn < 21; turn += 1) await ask(venice, `${BASE}/usage-history?bad=1`);
  const { status, body } = await ask(venice, `${BASE}/balance`);
  assert.equal(status, 429);
  const text =
    'Too many failed attempts (> 20) resulting in a non-success status code. Please wait 30s and try again.';
  assert.deepEqual(body, { error: text });
  clock.advance(30 * SECOND);
  assert.equal((await ask(venice, `${BASE}/balance`)).status, 200);
});

const number = z.number();
const Analytics = z.strictObject({
  lookback: z.string(),
  byDate: z.array(z.strictObject({ date: z.iso.date(), USD: Amount, DIEM: Amount })),
  byModel: z.array(
    z.strictObject({
      modelName: z.string(),
      unitType: z.string(),
      modelType: z.string().nullable(),
      totalUsd: Amount,
      totalDiem: Amount,
      totalUnits: number,
      breakdown: z
        .array(z.strictObject({ type: z.string(), usd: number, diem: number, units: number }))
        .optional(),
    }),
  ),
  byModelDaily: z.array(z.record(z.string(), number)),
  topModels: z.array(z.string()),
  byKey: z.array(
    z.strictObject({
      apiKeyId: z.string().nullable(),
      description: z.string(),
      totalUsd: Amount,
      totalDiem: Amount,
      totalUnits: number,
    }),
  ),
  byKeyDaily: z.array(z.record(z.string(), number)),
  topKeyNames: z.array(z.string()),
});

test('venice simulator: analytics match the documentation, are positive and at most ten minutes old', async () => {
  const clock = fakeClockAt(NOON);
  const venice = await start({ clock });
  const path = `${BASE}/usage-analytics?startDate=2026-11-21&endDate=2026-11-22`;
  const first = await ask(venice, path);
  const { byDate, byModel, byKey } = Analytics.parse(first.body);
  assert.deepEqual(
    byDate.map(({ date }) => date),
    ['2026-11-21', '2026-11-22'],
  );
  const usd = sum(byDate.map((day) => day.USD));
  assert.ok(usd > 0n);
  assert.equal(sum(byModel.map(({ totalUsd }) => totalUsd)), usd);
  assert.equal(sum(byKey.map(({ totalUsd }) => totalUsd)), usd);
  assert.ok(byKey.some(({ apiKeyId }) => apiKeyId === null));
  clock.advance(9 * 60 * SECOND);
  assert.equal((await ask(venice, path)).text, first.text);
  clock.advance(61 * SECOND);
  assert.notEqual((await ask(venice, path)).text, first.text);
  assert.equal((await ask(venice, `${BASE}/usage-analytics?lookback=0d`)).status, 400);
  const clamped = Analytics.parse((await ask(venice, `${BASE}/usage-analytics?lookback=400d`)).body);
  assert.equal(clamped.lookback, '90d');
});

const ROW = row(NOON - SECOND, { sku: 'm-llm-input-mtoken' });

test('venice simulator: analytics list every key and model, and at most fifty per chart', async () => {
  const venice = await start({ generate: false });
  for (let index = 1; index <= 53; index += 1) {
    const apiKey = { id: `key-${index}`, description: `Key ${index}` };
    venice.book({ ...ROW, model: `m-${index}`, amount: -ONE * BigInt(index), apiKey });
  }
  const path = `${BASE}/usage-analytics?startDate=2026-11-22&endDate=2026-11-22`;
  const { byModel, byKey, byKeyDaily, topKeyNames } = Analytics.parse((await ask(venice, path)).body);
  assert.deepEqual([byModel.length, byKey.length, topKeyNames.length], [53, 53, 50]);
  assert.equal(Object.keys(byKeyDaily[0] ?? {}).length, 52, 'a date, fifty keys, and the others');
  assert.deepEqual([byModel.at(-1)?.totalUsd, byKey.at(-1)?.apiKeyId], [ONE, 'key-1']);
  assert.equal(byKey[0]?.apiKeyId, 'key-53');
});

test('venice simulator: analytics count usage debits, with bundled and without earned credits', async () => {
  const venice = await start({ generate: false });
  venice.book(ROW);
  venice.book({ ...ROW, currency: 'BUNDLED_CREDITS', amount: -2n * ONE });
  venice.book({ ...ROW, currency: 'EARNED_CREDITS', amount: -4n * ONE });
  venice.book({ ...ROW, currency: 'DIEM', amount: -8n * ONE });
  venice.book({ ...ROW, amount: 16n * ONE, notes: 'Refund' });
  venice.book({ ...ROW, sku: 'credit-purchase', amount: -32n * ONE });
  const path = `${BASE}/usage-analytics?startDate=2026-11-22&endDate=2026-11-22`;
  const { byDate, byModel } = Analytics.parse((await ask(venice, path)).body);
  assert.deepEqual(byDate, [{ date: '2026-11-22', USD: 3n * ONE, DIEM: 8n * ONE }]);
  assert.deepEqual(
    byModel.map(({ modelName, totalUsd }) => [modelName, totalUsd]),
    [['m', 3n * ONE]],
  );
});

const Balance = z.strictObject({
  canConsume: z.boolean(),
  consumptionCurrency: z.enum(['USD', 'VCU', 'DIEM', 'BUNDLED_CREDITS', 'EARNED_CREDITS']).nullable(),
  balances: z.strictObject({
    diem: Amount.nullable(),
    usd: Amount.nullable(),
    bundledCredits: Amount.nullable().optional(),
    earnedCredits: Amount.nullable().optional(),
  }),
  diemEpochAllocation: Amount,
});

async function balanceOf(venice: Simulator<VeniceRow>) {
  return Balance.parse((await ask(venice, `${BASE}/balance`)).body);
}

test('venice simulator: the balance matches the documentation', async () => {
  const venice = await start();
  const { balances, diemEpochAllocation, ...more } = await balanceOf(venice);
  const spent = venice.truth({ start: TODAY, end: NOON + 1 }).total('cost', { detail: 'DIEM' });
  assert.equal(balances.diem, diemEpochAllocation - spent);
  assert.deepEqual(more, { canConsume: true, consumptionCurrency: 'DIEM' });
});

test('venice simulator: balances are null if not positive; the seed contract has no credits', async () => {
  const venice = await start({ generate: false });
  const opened = (await balanceOf(venice)).balances;
  assert.ok(opened.usd && opened.bundledCredits);
  assert.equal(opened.earnedCredits, null);
  venice.book({ ...ROW, amount: -opened.usd });
  venice.book({ ...ROW, amount: -opened.bundledCredits - 1n, currency: 'BUNDLED_CREDITS' });
  venice.book({ ...ROW, amount: -100n * ONE, currency: 'DIEM' });
  const spent = await balanceOf(venice);
  assert.deepEqual(spent.balances, { diem: 0n, usd: null, bundledCredits: null, earnedCredits: null });
  assert.deepEqual([spent.canConsume, spent.consumptionCurrency], [false, null]);
  await venice.close();
  const seed = await start({ generate: false, contract: 'seed' });
  assert.deepEqual(Object.keys((await balanceOf(seed)).balances), ['diem', 'usd']);
});

test('venice simulator: the dollar balance falls visibly and is topped up from time to time', async () => {
  const clock = fakeClockAt(TODAY + 13 * HOUR);
  const venice = await start({ clock });
  const seen: Fixed[] = [];
  for (let turn = 0; turn < 30; turn += 1) {
    seen.push((await balanceOf(venice)).balances.usd ?? 0n);
    clock.advance(10 * MINUTE);
  }
  const steps = seen.slice(1).map((usd, index) => usd - (seen[index] ?? 0n));
  assert.ok(steps.filter((step) => step < 0n).length > 20);
  assert.ok(steps.some((step) => step > ONE));
});

const RateLimits = z.strictObject({
  data: z.strictObject({
    accessPermitted: z.boolean(),
    apiTier: z.strictObject({ id: z.string(), isCharged: z.boolean() }),
    balances: z.strictObject({ USD: Amount, DIEM: Amount }),
    keyExpiration: z.iso.datetime().nullable(),
    nextEpochBegins: z.iso.datetime(),
    rateLimits: z.array(
      z.strictObject({
        apiModelId: z.string(),
        rateLimits: z.array(z.strictObject({ amount: number, type: z.enum(['RPM', 'RPD', 'TPM']) })),
      }),
    ),
  }),
});

test('venice simulator: rate limits match the documentation, for keys of every type', async () => {
  const venice = await start({ inferenceKey: 'demo-inference' });
  const path = '/api/v1/api_keys/rate_limits';
  const { data } = RateLimits.parse((await ask(venice, path)).body);
  assert.equal(data.nextEpochBegins, '2026-11-23T00:00:00.000Z');
  assert.ok(data.rateLimits.length > 10);
  assert.equal((await ask(venice, path, { authorization: 'Bearer demo-inference' })).status, 200);
  assert.equal((await ask(venice, path, { authorization: 'Bearer wrong' })).status, 401);
});

const Decimals = z.strictObject({
  usd: z.string().regex(/^\d+\.\d{4}$/),
  diem: z.string().regex(/^\d+\.\d{4}$/),
});
const Keys = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      id: z.uuid(),
      apiKeyType: z.enum(['INFERENCE', 'ADMIN']),
      description: z.string(),
      createdAt: z.iso.datetime(),
      expiresAt: z.iso.datetime().nullable(),
      lastUsedAt: z.iso.datetime().nullable(),
      last6Chars: z.string().length(6),
      consumptionLimits: z.strictObject({ usd: Amount.nullable(), diem: Amount.nullable(), vcu: z.null() }),
      limitPeriod: z.enum(['EPOCH', 'MONTH', 'LIFETIME']),
      usage: z.strictObject({ trailingSevenDays: Decimals.extend({ vcu: z.string() }) }),
      currentPeriodUsage: Decimals.optional(),
    }),
  ),
});

test('venice simulator: keys match the documentation and show their spend against limits', async () => {
  const venice = await start({ generate: false });
  const apiKey = { id: 'a1f0c3d2-0000-4000-8000-000000000002', description: 'Evaluation' };
  venice.book({ ...ROW, amount: -2n * ONE, apiKey });
  venice.book({ ...ROW, amount: -3n * ONE, currency: 'DIEM', apiKey });
  venice.book({ ...ROW, amount: -4n * ONE, currency: 'EARNED_CREDITS', apiKey });
  const { data } = Keys.parse((await ask(venice, '/api/v1/api_keys')).body);
  const key = data.find(({ id }) => id === apiKey.id);
  assert.deepEqual(key?.currentPeriodUsage, { usd: '2.0000', diem: '3.0000' });
  assert.deepEqual(key?.consumptionLimits, { usd: 50n * ONE, diem: 40n * ONE, vcu: null });
});

test('venice simulator: an INFERENCE key cannot list keys', async () => {
  const venice = await start({ generate: false, inferenceKey: 'i' });
  const { status } = await ask(venice, '/api/v1/api_keys', { authorization: 'Bearer i' });
  assert.equal(status, 401);
});
