import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Simulator } from '../../../../test/simulators/kit/service.ts';
import type { SimulatedContract } from '../../../../test/simulators/kit/world.ts';
import type { VeniceRow } from '../../../../test/simulators/venice/rows.ts';
import type { Scrape } from '../../../../test/support/exporter/exporter.ts';
import { samplesOf } from '../../../../test/support/exposition/expected.ts';
import { Amount, ask, sum } from '../../../../test/support/providers/simulated.ts';
import { ME, poll, row, type Scene, scene, TODAY } from '../../../../test/support/providers/venice.ts';
import { type Fixed, fromNumber, ONE, parseDecimal, toNumber } from '../../../core/values/money.ts';
import { DAY, HOUR, MINUTE } from '../../../core/values/time.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const ANALYTICS = '/api/v1/billing/usage-analytics';

/** The values of a family by one of its labels. */
function shown(page: Scrape, name: string, label: string): Record<string, number> {
  return Object.fromEntries(samplesOf(page, name).map(({ labels, value }) => [labels[label] ?? '', value]));
}

function difference(page: Scrape): number | undefined {
  return page.value('ai_billing_reconciliation_difference_usd', { ...ME, feed: 'analytics' });
}

const FeedOfStatus = z.object({
  name: z.string(),
  reconciliation: z.object({ against: z.string() }).nullable(),
  notes: z.array(z.object({ topic: z.string(), text: z.string() })),
});
const Status = z.object({ accounts: z.array(z.object({ feeds: z.array(FeedOfStatus) })) });

async function statusOf({ exporter }: Scene, feed: string) {
  const response = await fetch(`${exporter.url}/api/v1/status`);
  const { accounts } = Status.parse(await response.json());
  return accounts[0]?.feeds.find(({ name }) => name === feed);
}

const Analytics = z.object({
  byDate: z.array(z.object({ USD: Amount, DIEM: Amount })),
  byModel: z.array(z.object({ modelName: z.string(), totalUsd: Amount, totalDiem: Amount })),
  byKey: z.array(
    z.object({
      apiKeyId: z.string().nullable(),
      description: z.string(),
      totalUsd: Amount,
      totalDiem: Amount,
    }),
  ),
});

/** What the provider's own analytics say of a day, by its own names, in dollars. */
async function analyticsOf(venice: Simulator<VeniceRow>, day: string) {
  const { body } = await ask(venice, `${ANALYTICS}?startDate=${day}&endDate=${day}`);
  const { byDate, byModel, byKey } = Analytics.parse(body);
  const dollars = ({ totalUsd, totalDiem }: { totalUsd: Fixed; totalDiem: Fixed }) => totalUsd + totalDiem;
  return {
    total: sum(byDate.map(({ USD, DIEM }) => USD + DIEM)),
    models: Object.fromEntries(byModel.map((row) => [row.modelName, toNumber(dollars(row))])),
    keys: Object.fromEntries(byKey.map((row) => [row.apiKeyId ?? 'web_app', toNumber(dollars(row))])),
    names: Object.fromEntries(byKey.map((row) => [row.apiKeyId ?? 'web_app', row.description])),
  };
}

const ApiKeys = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      expiresAt: z.string().nullable(),
      consumptionLimits: z.object({ usd: Amount.nullable(), diem: Amount.nullable() }),
      currentPeriodUsage: z.object({ usd: Amount, diem: Amount }),
    }),
  ),
});

const Balance = z.object({ balances: z.record(z.string(), Amount.nullable()), canConsume: z.boolean() });
const CURRENCIES: Record<string, string> = {
  diem: 'DIEM',
  usd: 'USD',
  bundledCredits: 'BUNDLED_CREDITS',
  earnedCredits: 'EARNED_CREDITS',
};

async function balancesOf(venice: Simulator<VeniceRow>): Promise<Record<string, number>> {
  const { balances } = Balance.parse((await ask(venice, '/api/v1/billing/balance')).body);
  const told = Object.entries(balances).flatMap(([kind, amount]) =>
    amount === null ? [] : [[CURRENCIES[kind] ?? kind, toNumber(amount)] as const],
  );
  return Object.fromEntries(told);
}

for (const contract of CONTRACTS) {
  test(`everything the account tells is shown to the last digit, ${contract} contract`, async (context) => {
    const here = await scene(context, { contract });
    const { venice, clock } = here;
    venice.book(row(clock.now() - HOUR, { currency: 'EARNED_CREDITS', amount: 3n * ONE, notes: 'Earned' }));
    const page = await poll(here);
    const balances = await balancesOf(venice);
    assert.equal(Object.keys(balances).length, contract === 'seed' ? 2 : 4);
    assert.deepEqual(shown(page, 'ai_billing_balance_usd', 'currency'), balances);
    assert.equal(page.value('ai_billing_balance_can_consume', ME), 1);
    const { total, models, keys, names } = await analyticsOf(venice, '2026-11-22');
    const shownKeys = shown(page, 'ai_billing_api_key_cost_today_usd', 'api_key');
    assert.deepEqual(shownKeys, keys);
    assert.ok(Object.keys(keys).length === 3 && 'web_app' in keys);
    assert.deepEqual(shown(page, 'ai_billing_model_cost_today_usd', 'model'), models);
    assert.equal(sum(Object.values(shownKeys).map(fromNumber)), total);
    assert.equal(sum(Object.values(models).map(fromNumber)), total);
    for (const [api_key, name] of Object.entries(names))
      assert.equal(page.value('ai_billing_api_key_info', { ...ME, api_key, name }), 1);
    assert.equal(page.value('ai_billing_api_tier_info', { ...ME, tier: 'paid' }), 1);
    const limit = { ...ME, model: 'kimi-k2-6', limit_type: 'TPM' };
    assert.equal(page.value('ai_billing_api_model_rate_limit', limit), 750_000);
    assert.deepEqual((await statusOf(here, 'balance'))?.notes, [
      { topic: 'consumption currency', text: 'DIEM' },
    ]);
  });

  test(`limits of keys and the quota of the epoch are shown in dollars, ${contract} contract`, async (context) => {
    const here = await scene(context, { contract });
    const page = await poll(here);
    const { body } = await ask(here.venice, '/api/v1/api_keys');
    const { data } = ApiKeys.parse(body);
    const of = (family: string) => shown(page, family, 'api_key');
    const limits = data.map(({ id, consumptionLimits: { usd, diem } }) => [
      id,
      toNumber((usd ?? 0n) + (diem ?? 0n)),
    ]);
    assert.deepEqual(of('ai_billing_api_key_limit_usd'), Object.fromEntries(limits));
    const used = data.map(({ id, consumptionLimits, currentPeriodUsage: { usd, diem } }) => {
      return [id, toNumber(usd + (consumptionLimits.diem === null ? 0n : diem))];
    });
    assert.deepEqual(of('ai_billing_api_key_used_usd'), Object.fromEntries(used));
    assert.ok(Object.values(of('ai_billing_api_key_used_usd')).some((value) => value > 0));
    const expiring = data.flatMap(({ id, expiresAt }) =>
      expiresAt ? [[id, Date.parse(expiresAt) / 1000]] : [],
    );
    assert.deepEqual(of('ai_billing_api_key_expiry_timestamp_seconds'), Object.fromEntries(expiring));
    assert.equal(expiring.length, 1);
    assert.deepEqual(shown(page, 'ai_billing_quota_usd', 'currency'), { DIEM: 100 });
    const reset = shown(page, 'ai_billing_quota_reset_timestamp_seconds', 'currency');
    assert.deepEqual(reset, { DIEM: (TODAY + DAY) / 1000 });
  });

  test(`closed days agree with the ledger, until they do not, ${contract} contract`, async (context) => {
    const here = await scene(context, { contract });
    const { venice, clock, exporter } = here;
    assert.equal(difference(await poll(here)), undefined);
    assert.equal(difference(await poll(here)), 0);
    const against = async () => (await statusOf(here, 'analytics'))?.reconciliation?.against ?? '';
    assert.match(await against(), /of 3 UTC days from 2026-11-17 to 2026-11-19$/);

    const currencies = ['USD', 'DIEM', 'BUNDLED_CREDITS', 'EARNED_CREDITS'];
    for (const [index, currency] of currencies.entries()) {
      const amount = parseDecimal(`0.0${index + 1}7`);
      venice.book(row(TODAY - 5 * HOUR, { currency, amount, notes: 'Refund' }));
      venice.book(row(TODAY - 30 * HOUR, { currency, amount: -amount, recordedAt: TODAY + DAY - HOUR }));
    }
    venice.book(row(TODAY - 3 * HOUR, { sku: 'credit-purchase', model: '', amount: 25n * ONE }));
    clock.set(TODAY + 3 * DAY + 30 * MINUTE);
    await poll(here);
    clock.advance(61 * MINUTE);
    assert.equal(difference(await poll(here)), 0);
    assert.match(await against(), /of 6 UTC days from 2026-11-17 to 2026-11-22$/);

    // Back-dated by more than anybody reads again: the provider's total has it, the ledger does not.
    venice.book(row(TODAY - DAY, { currency: 'DIEM', amount: parseDecimal('-0.123456789') }));
    venice.book(row(TODAY - DAY, { currency: 'EARNED_CREDITS' }));
    clock.advance(61 * MINUTE);
    assert.equal(difference(await poll(here)), 0.123456789);
    await exporter.restart();
    assert.equal(difference(await exporter.fresh()), 0.123456789);
  });
}

test('closed days are asked for once an hour, also across a restart', async (context) => {
  const here = await scene(context);
  const { venice, clock, exporter } = here;
  const askedFor = () =>
    venice.requests.filter(({ path, query }) => path === ANALYTICS && query.startDate !== query.endDate);
  await poll(here);
  await poll(here);
  assert.equal(askedFor().length, 1);
  clock.advance(40 * MINUTE);
  await poll(here);
  await exporter.restart();
  assert.equal(difference(await poll(here)), 0);
  assert.equal(askedFor().length, 1);
  clock.advance(20 * MINUTE);
  await poll(here);
  assert.equal(askedFor().length, 2);
});

test('a query of closed days that times out leaves today as it is, and fewer days are tried', async (context) => {
  const here = await scene(context, { genesis: TODAY - 9 * DAY });
  const { venice, exporter, clock } = here;
  await poll(here);
  clock.advance(11 * MINUTE);
  venice.book(row(clock.now() - MINUTE, { model: 'new-model', amount: -5n * ONE }));
  const body = '{"error":"Query timed out - try reducing the lookback period"}';
  venice.fault({ kind: 'status', status: 504, body, after: 1, times: 1 }, /usage-analytics/);
  const down = (await exporter.pollAll()).filter(({ outcome }) => 'reason' in outcome);
  assert.deepEqual(
    down.map(({ feed, outcome }) => [feed, 'reason' in outcome && outcome.reason]),
    [['analytics', 'server']],
  );
  const page = await exporter.fresh();
  assert.equal(page.value('ai_billing_model_cost_today_usd', { ...ME, model: 'new-model' }), 5);
  assert.equal(difference(page), undefined);
  assert.equal(difference(await poll(here)), 0);
  const spans = venice.requests.filter(({ path }) => path === ANALYTICS).map(({ query }) => query.startDate);
  assert.deepEqual(spans.slice(-4), ['2026-11-22', '2026-11-17', '2026-11-22', '2026-11-17']);
});

test('what was spent yesterday is not shown as today', async (context) => {
  const here = await scene(context);
  const { venice, clock, exporter } = here;
  clock.set(TODAY + DAY - 6 * MINUTE);
  await poll(here);
  clock.set(TODAY + DAY + MINUTE);
  const families = ['api_key_cost_today_usd', 'api_key_info', 'model_cost_today_usd'];
  const early = await exporter.fresh();
  for (const family of families) assert.deepEqual(samplesOf(early, `ai_billing_${family}`), []);
  venice.book(row(clock.now(), { amount: -7n * ONE, model: 'night-model' }));
  clock.set(TODAY + DAY + 4 * MINUTE);
  const { models } = await analyticsOf(venice, '2026-11-23');
  assert.equal(models['night-model'], 7);
  assert.deepEqual(shown(await poll(here), 'ai_billing_model_cost_today_usd', 'model'), models);
});

test('top-ups, unit prices, unconverted amounts and contract drift move', async (context) => {
  const here = await scene(context, { generate: false });
  const { venice, clock } = here;
  const told = (page: Scrape) => ({
    topUps: page.sum('ai_billing_top_ups_usd_total', { ...ME, currency: 'USD' }),
    price: page.sum('ai_billing_unit_price_usd', { ...ME, sku: 'm-llm-output-mtoken' }),
    unconverted: page.sum('ai_billing_unconverted_amount_total', { ...ME, currency: 'EUR' }),
    balanceDrift: page.sum('ai_billing_contract_drift_total', { ...ME, feed: 'balance' }),
    usageDrift: page.sum('ai_billing_contract_drift_total', {
      ...ME,
      feed: 'usage',
      kind: 'unknown_value',
    }),
  });
  venice.book(row(clock.now() - 5 * MINUTE, { pricePerUnitUsd: 2n * ONE }));
  const before = told(await poll(here));
  assert.deepEqual(before, { topUps: 0, price: 2, unconverted: 0, balanceDrift: 0, usageDrift: 0 });

  clock.advance(2 * MINUTE);
  const now = clock.now() - MINUTE;
  venice.book(row(now, { sku: 'credit-purchase', model: '', amount: 25n * ONE }));
  venice.book(row(now, { pricePerUnitUsd: 3n * ONE }));
  venice.book(row(now, { sku: 'm-image-unit', currency: 'EUR', amount: parseDecimal('-0.000000000004') }));
  venice.fault({ kind: 'edit', edit: (text) => text.replace('{', '{"novelty":1,') }, /balance$/);
  const first = told(await poll(here));
  assert.deepEqual(first, { topUps: 25, price: 3, unconverted: 4e-12, balanceDrift: 1, usageDrift: 1 });

  clock.advance(2 * MINUTE);
  const later = clock.now() - MINUTE;
  venice.book(row(later, { sku: 'credit-purchase', model: '', amount: 5n * ONE }));
  venice.book(row(later, { pricePerUnitUsd: ONE }));
  venice.book(row(later, { sku: 'm-image-unit', currency: 'EUR', amount: -ONE }));
  const second = told(await poll(here));
  const moved = { topUps: 30, price: 1, unconverted: 1.000000000004, balanceDrift: 2, usageDrift: 2 };
  assert.deepEqual(second, moved);
});
