import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ONE, parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE, type Range, SECOND } from '../../src/core/values/time.ts';
import { type FailureReason, POLL_FAILURES } from '../../src/providers/api/errors.ts';
import type { DedicatedRow } from '../simulators/baseten/rows.ts';
import { type BasetenOptions, type BasetenSimulator, startBaseten } from '../simulators/baseten/server.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import { run } from '../support/exporter/child.ts';
import { type Exporter, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import {
  assertNoCounterFell,
  assertOnlyReads,
  assertWindows,
  ledgerLines,
  samplesOf,
} from '../support/exposition/expected.ts';
import { realServerTest } from '../support/programs/binaries.ts';

const START = Date.UTC(2026, 10, 10, 6, 20);
const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const LOOKUPS = ['prices', 'models', 'teams'] as const;
/** Their paths. */
const LISTS = /(instance_type_prices|models|teams)$/;

interface Scene {
  readonly clock: FakeClock;
  readonly baseten: BasetenSimulator;
  readonly exporter: Exporter;
}

/** Two accounts with the same bill at two servers: the lookups of `test` fail, `whole` has no faults. */
async function scene(
  context: TestContext,
  contract: SimulatedContract,
  keys: BasetenOptions = {},
): Promise<Scene> {
  const clock = fakeClockAt(START);
  const options = { clock, contract, genesis: Date.UTC(2026, 10, 1) };
  const [baseten, whole] = await Promise.all([startBaseten({ ...options, ...keys }), startBaseten(options)]);
  context.after(() => Promise.all([baseten.close(), whole.close()]));
  if (keys.billOnlyKey !== undefined) whole.permit([]);
  const exporter = await startExporter(context, clock, [
    { provider: 'baseten', url: baseten.url, key: keys.billOnlyKey ?? baseten.key },
    { provider: 'baseten', name: 'whole', url: whole.url, key: whole.key },
  ]);
  return { clock, baseten, exporter };
}

async function pollOnce({ exporter }: Pick<Scene, 'exporter'>): Promise<Scrape> {
  await exporter.pollAll();
  return exporter.fresh();
}

function labelsOf(feed: string, account = 'test') {
  return { provider: 'baseten', account, feed };
}

function upOf(page: Scrape, feed: string): number | undefined {
  return page.value('ai_billing_up', labelsOf(feed));
}

/** Prices, and the number of series. */
const NOT_OF_THE_BILL = /^ai_billing_(unit_price_usd|series)\b/;

/**
 * The ledger's samples of an account's bill, without the labels that only the lookups know, and without fractions of seconds: each request
 * of an account is a millisecond later than the one before.
 */
function billOf(page: Scrape, account: string): string[] {
  return ledgerLines(page)
    .filter((line) => line.includes(`account="${account}"`) && !NOT_OF_THE_BILL.test(line))
    .map((line) => line.replace(`account="${account}"`, '').replace(/team="[^"]*"/, ''))
    .map((line) => line.replace(/(timestamp_seconds\S* \d+)\.\d+/, '$1'))
    .sort();
}

/** The bill is exact, and identical to that of an account without faults. */
function assertBillUntouched(page: Scrape, { clock, baseten }: Scene): void {
  assert.equal(upOf(page, 'usage'), 1);
  assert.deepEqual(billOf(page, 'test'), billOf(page, 'whole'));
  const truth = (range: Range) => baseten.truth(range);
  assertWindows(page, { provider: 'baseten' }, clock.now(), truth, ['today', 'month_to_date']);
}

function pricesOn(page: Scrape, account = 'test') {
  const samples = samplesOf(page, 'ai_billing_unit_price_usd');
  return samples.filter(({ labels }) => labels.account === account);
}

function teamsOn(page: Scrape): Set<string> {
  const infos = samplesOf(page, 'ai_billing_resource_info').filter(({ labels }) => labels.account === 'test');
  return new Set(infos.map(({ labels }) => labels.team ?? ''));
}

function failuresOf(page: Scrape, feed: string): number {
  return page.sum('ai_billing_poll_failures_total', labelsOf(feed));
}

/** Log lines about a lookup that was switched off. */
function switchedOff(exporter: Exporter, feed: string): string[] {
  const lines = exporter.log().split('\n');
  return lines.filter((line) => line.includes('switched off') && line.includes(`"feed":"${feed}"`));
}

function assertOff(page: Scrape, { exporter }: Scene, times: number): void {
  for (const feed of LOOKUPS) {
    assert.equal(upOf(page, feed), undefined, `${feed} is neither up nor down`);
    assert.equal(failuresOf(page, feed), 0, feed);
    assert.equal(switchedOff(exporter, feed).length, times, `${feed} is said to be off`);
    assert.ok(
      !exporter
        .log()
        .split('\n')
        .some((line) => line.includes(`"${feed}"`) && line.includes('poll failed')),
    );
  }
  assert.deepEqual(pricesOn(page), []);
  assert.ok(pricesOn(page, 'whole').length > 0);
}

function assertOn(page: Scrape): void {
  for (const feed of LOOKUPS) assert.equal(upOf(page, feed), 1, feed);
  assert.equal(pricesOn(page).length, 6);
}

const REFUSED = [401, 402, 403, 404, 410];

for (const contract of CONTRACTS) {
  for (const status of REFUSED) {
    test(`baseten: lookups refused with ${status} are switched off and leave the bill unchanged, ${contract} contract`, async (context) => {
      const here = await scene(context, contract);
      const { clock, baseten } = here;
      baseten.fault({ kind: 'status', status }, LISTS);
      // Two polls per hour: every other one tries again.
      for (let poll = 0; poll < 7; poll += 1) {
        const page = await pollOnce(here);
        assertBillUntouched(page, here);
        assertOff(page, here, 1);
        clock.advance(30 * MINUTE);
      }
      const refused = baseten.requests.filter(({ path }) => path === '/v1/models');
      assert.deepEqual(
        refused.map(({ at }) => (at - START) / HOUR),
        [0, 1, 2, 3],
      );

      // The permission is granted half an hour after the last refusal.
      baseten.fault(undefined);
      assertOff(await pollOnce(here), here, 1);
      clock.advance(30 * MINUTE);
      assertOn(await pollOnce(here));
      const back = await pollOnce(here);
      assertOn(back);
      assertBillUntouched(back, here);
      assert.deepEqual(teamsOn(back).has('Speech'), true);

      clock.advance(HOUR);
      baseten.fault({ kind: 'status', status }, LISTS);
      const gone = await pollOnce(here);
      assertOff(gone, here, 2);
      assertBillUntouched(gone, here);
      assertNoCounterFell(back, gone);
      for (const feed of LOOKUPS) {
        const success = gone.value('ai_billing_last_success_timestamp_seconds', labelsOf(feed));
        assert.equal(success, back.value('ai_billing_last_success_timestamp_seconds', labelsOf(feed)), feed);
      }
      assertOnlyReads(baseten.requests);
    });
  }
}

test('baseten: a billing-only key keeps reading the bill across restarts', async (context) => {
  const here = await scene(context, 'current', { billOnlyKey: 'demo-bill-only' });
  for (let start = 1; start <= 2; start += 1) {
    for (let poll = 0; poll < 3; poll += 1) {
      const page = await pollOnce(here);
      assertBillUntouched(page, here);
      assertOff(page, here, start);
      here.clock.advance(HOUR);
    }
    await here.exporter.restart();
  }
});

test('baseten: team names come from the bill, or from the lookups while they work', async (context) => {
  const here = await scene(context, 'seed');
  const { clock, baseten } = here;
  await pollOnce(here);
  const named = await pollOnce(here);
  const teams = samplesOf(named, 'ai_billing_resource_info')
    .filter(({ labels }) => labels.account === 'test' && labels.team)
    .map(({ labels }) => `${labels.resource} ${labels.team}`);
  assert.deepEqual(teams.sort(), ['dep-llama Core', 'dep-whisper Speech']);
  clock.advance(HOUR);
  baseten.fault({ kind: 'status', status: 403 }, LISTS);
  await pollOnce(here);
  const unnamed = await pollOnce(here);
  assert.deepEqual(teamsOn(unnamed), new Set(['']));
  assertBillUntouched(unnamed, here);
  assertNoCounterFell(named, unnamed);
});

const SPOILED: Readonly<Record<string, readonly [SimulatedFault, FailureReason]>> = {
  'a 429 with seconds in its body': [{ kind: 'throttle', waitSeconds: 90, style: 'body' }, 'rate_limited'],
  'a 429 that does not say': [{ kind: 'throttle', waitSeconds: 90, style: 'none' }, 'rate_limited'],
  'a 500': [{ kind: 'status', status: 500 }, 'server'],
  'a 503': [{ kind: 'status', status: 503 }, 'server'],
  'a 400': [{ kind: 'status', status: 400 }, 'contract'],
  'a 422': [{ kind: 'status', status: 422 }, 'contract'],
  HTML: [{ kind: 'html' }, 'contract'],
  'an empty answer': [{ kind: 'empty' }, 'contract'],
  null: [{ kind: 'edit', edit: () => 'null' }, 'contract'],
  'an empty object': [{ kind: 'edit', edit: () => '{}' }, 'contract'],
  'a list': [{ kind: 'edit', edit: () => '[]' }, 'contract'],
  'truncated JSON': [{ kind: 'truncated' }, 'contract'],
  'a reset connection': [{ kind: 'reset' }, 'network'],
};

test('baseten: failed lookups are down, keep their last values and leave the bill unchanged', async (context) => {
  const here = await scene(context, 'seed');
  const { clock, baseten, exporter } = here;
  await pollOnce(here);
  let before = await pollOnce(here);
  for (const [what, [fault, reason]] of Object.entries(SPOILED)) {
    await context.test(what, async () => {
      clock.advance(15 * MINUTE);
      baseten.fault(fault, LISTS);
      const page = await pollOnce(here);
      for (const feed of LOOKUPS) {
        assert.equal(upOf(page, feed), 0, feed);
        for (const each of Object.keys(POLL_FAILURES)) {
          const labels = { ...labelsOf(feed), reason: each };
          const [was = 0, is] = [before, page].map((one) =>
            one.value('ai_billing_poll_failures_total', labels),
          );
          assert.equal(is, each === reason ? was + 1 : was, `${feed} fails by ${each}`);
        }
        assert.equal(switchedOff(exporter, feed).length, 0, feed);
      }
      assert.equal(pricesOn(page).length, 6);
      assert.deepEqual(teamsOn(page), new Set(['Core', 'Speech', '']));
      assertBillUntouched(page, here);
      baseten.fault(undefined);
      clock.advance(2 * MINUTE);
      before = await pollOnce(here);
      assertOn(before);
      assertBillUntouched(before, here);
    });
  }
});

const BUSY: DedicatedRow = {
  category: 'dedicated',
  at: START,
  resource: {
    id: 'dep-busy',
    kind: 'MODEL_DEPLOYMENT',
    model_name: 'busy',
    instance_type: '1x H100',
    environment_name: 'production',
  },
  subtotal: parseDecimal('6.4998'),
  minutes: 60,
  inference_requests: 10,
};
const IDLE: DedicatedRow = {
  ...BUSY,
  resource: { ...BUSY.resource, id: 'dep-idle', model_name: 'idle' },
  inference_requests: 0,
};

/** One account at a server whose bill is written by hand. */
async function byHand(context: TestContext): Promise<Scene> {
  const clock = fakeClockAt(START);
  const baseten = await startBaseten({ clock, generate: false });
  context.after(() => baseten.close());
  const { url, key } = baseten;
  return {
    clock,
    baseten,
    exporter: await startExporter(context, clock, [{ provider: 'baseten', url, key }]),
  };
}

test('baseten: deployments billed without requests differ from those with requests', async (context) => {
  const here = await byHand(context);
  const { clock, baseten } = here;
  const [busy, idle] = [baseten.book(BUSY), baseten.book(IDLE)];
  await pollOnce(here);
  const moved = async () => {
    clock.advance(15 * MINUTE);
    const page = await pollOnce(here);
    const of = (resource: string) => {
      const model = resource.replace('dep-', '');
      const labels = { provider: 'baseten', account: 'test', resource, model, tier: 'dedicated' };
      return {
        seconds: page.value('ai_billing_billed_seconds_total', labels),
        secondsBack: page.value('ai_billing_billed_corrections_seconds_total', labels),
        requests: page.value('ai_billing_requests_total', labels),
        requestsBack: page.value('ai_billing_requests_corrections_total', labels),
        usd: page.value('ai_billing_cost_usd_total', { ...labels, currency: 'USD' }),
      };
    };
    return { busy: of('dep-busy'), idle: of('dep-idle') };
  };
  const still = { seconds: 0, secondsBack: 0, requests: 0, requestsBack: 0, usd: 0 };
  assert.deepEqual(await moved(), { busy: still, idle: still });

  busy.revise({ minutes: 90, subtotal: parseDecimal('9.7497'), inference_requests: 25 });
  idle.revise({ minutes: 70, subtotal: parseDecimal('7.5831') });
  const spent = {
    busy: { ...still, seconds: 1800, requests: 15, usd: 3.2499 },
    idle: { ...still, seconds: 600, usd: 1.0833 },
  };
  assert.deepEqual(await moved(), spent);

  // A correction: still idle, and no busier.
  busy.revise({ inference_requests: 24 });
  idle.revise({ minutes: 69, subtotal: parseDecimal('7.47477') });
  assert.deepEqual(await moved(), {
    busy: { ...spent.busy, requestsBack: 1 },
    idle: { ...spent.idle, secondsBack: 60 },
  });
});

const BILL = /usage_summary$/;

/** A response whose first category total exceeds its rows, before and after credits. */
function overstated(byUsd: number): SimulatedFault {
  const more = (head: string) =>
    head.replace(/"(total|subtotal)":"?([\d.]+)"?,/g, (_, key: string, amount: string) => {
      return `"${key}":${Number(amount) + byUsd},`;
    });
  return { kind: 'edit', edit: (body) => body.replace(/^\{"dedicated_usage":\{.*?"minutes"/, more) };
}

test('baseten: monthly totals and their reconciliation difference follow the bill', async (context) => {
  const here = await byHand(context);
  const { clock, baseten } = here;
  const row = baseten.book({ ...BUSY, subtotal: 8n * ONE, credits: 2n * ONE });
  const shown = async () => {
    const page = await pollOnce(here);
    clock.advance(15 * MINUTE);
    const labels = { provider: 'baseten', account: 'test' };
    const month = ['gross', 'credits', 'net'].map((total) => {
      return page.value(`ai_billing_month_${total}_usd`, { ...labels, tier: 'dedicated' });
    });
    return [...month, page.value('ai_billing_reconciliation_difference_usd', { ...labels, feed: 'usage' })];
  };
  assert.deepEqual(await shown(), [8, 2, 6, 0]);
  row.revise({ subtotal: parseDecimal('10.25'), credits: parseDecimal('2.5') });
  assert.deepEqual(await shown(), [10.25, 2.5, 7.75, 0]);
  baseten.fault(overstated(0.5), BILL);
  assert.deepEqual(await shown(), [10.75, 2.5, 8.25, 0.5]);
  baseten.fault(overstated(-0.25), BILL);
  assert.deepEqual(await shown(), [10, 2.5, 7.5, -0.25]);
  baseten.fault(undefined);
  row.revise({ subtotal: ONE, credits: 0n });
  assert.deepEqual(await shown(), [1, 0, 1, 0]);
});

test('baseten: monthly totals switch to the new month once it has been read', async (context) => {
  const here = await byHand(context);
  const { clock, baseten, exporter } = here;
  baseten.book({ ...BUSY, subtotal: 8n * ONE, credits: 2n * ONE });
  const grossOf = (page: Scrape) =>
    page.value('ai_billing_month_gross_usd', { provider: 'baseten', account: 'test', tier: 'dedicated' });
  assert.equal(grossOf(await pollOnce(here)), 8);
  clock.set(Date.UTC(2026, 11, 1) + SECOND);
  assert.equal(grossOf(await exporter.fresh()), undefined);
  baseten.book({ ...BUSY, at: clock.now(), subtotal: 3n * ONE });
  assert.equal(grossOf(await pollOnce(here)), 3);
});

test('baseten: unit prices follow the price list and disappear with it', async (context) => {
  const here = await byHand(context);
  const { clock, baseten } = here;
  const PRICES = /instance_type_prices$/;
  const priceOf = async (sku: string) => {
    clock.advance(6 * HOUR);
    const page = await pollOnce(here);
    const labels = { provider: 'baseten', account: 'test', resource: '', model: '', tier: 'dedicated', sku };
    return page.value('ai_billing_unit_price_usd', labels);
  };
  assert.equal(await priceOf('1x L4'), 0.01414);
  baseten.fault({ kind: 'edit', edit: (body) => body.replace('0.01414', '0.0142') }, PRICES);
  assert.equal(await priceOf('1x L4'), 0.0142);
  baseten.fault({ kind: 'edit', edit: (body) => body.replaceAll('1x L4', '1x L4 (old)') }, PRICES);
  assert.equal(await priceOf('1x L4'), undefined);
  assert.equal(await priceOf('1x L4 (old)'), 0.01414);
  baseten.fault(undefined);
  assert.equal(await priceOf('1x L4'), 0.01414);
});

test('baseten: a deployment joins its price by name, whether billed by name or by id', async (context) => {
  const here = await byHand(context);
  const { baseten } = here;
  baseten.book(BUSY);
  baseten.book({ ...IDLE, resource: { ...IDLE.resource, instance_type: 'H100' } });
  await pollOnce(here);
  const page = await pollOnce(here);
  const infos = samplesOf(page, 'ai_billing_resource_info').filter(({ labels }) => labels.resource !== '');
  const skus = pricesOn(page).map(({ labels }) => labels.sku);
  assert.deepEqual(
    infos.map(({ labels }) => labels.instance_type),
    ['1x H100', '1x H100'],
  );
  assert.ok(skus.includes('1x H100'));
});

test('baseten: contract drift is counted once per poll, for the feed that meets it', async (context) => {
  const here = await byHand(context);
  const { clock, baseten } = here;
  baseten.book(BUSY);
  const driftOf = async (feed: string) => {
    const page = await pollOnce(here);
    clock.advance(DAY / 4);
    return page.value('ai_billing_contract_drift_total', { ...labelsOf(feed), kind: 'unknown_field' }) ?? 0;
  };
  assert.deepEqual([await driftOf('usage'), await driftOf('prices'), await driftOf('models')], [0, 0, 0]);
  baseten.fault({ kind: 'edit', edit: (body) => body.replace('{', '{"region":"eu",') }, BILL);
  // Twice a poll: the range and the month, of which one reading is made.
  assert.equal(await driftOf('usage'), 1);
  assert.equal(await driftOf('usage'), 2);
  baseten.fault(undefined);
  baseten.fault({ kind: 'edit', edit: (body) => body.replace('"price"', '"tax":0,"price"') }, LISTS);
  assert.deepEqual([await driftOf('usage'), await driftOf('prices'), await driftOf('models')], [2, 2, 0]);
});

const README = new URL('../../src/providers/baseten/README.md', import.meta.url);

/** A counter is constant for a day, and then increases. */
function seriesOf(before: Scrape, after: Scrape) {
  const samples = [...after.families.values()].flatMap((family) => family.samples);
  return samples
    .filter(({ name, labels }) => labels.provider === 'baseten' && !name.includes('_bucket'))
    .map(({ name, labels, value }) => {
      const written = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
      return {
        series: `${name}{${written.join(',')}}`,
        values: `${before.value(name, labels) ?? 0}x1430 ${value}x30`,
      };
    });
}

realServerTest(
  'baseten: the queries in the README find idle spend and prices',
  ['promtool'],
  async (context, pathOf) => {
    const here = await byHand(context);
    const [busy, idle] = [here.baseten.book(BUSY), here.baseten.book(IDLE)];
    await pollOnce(here);
    const before = await pollOnce(here);
    busy.revise({ minutes: 90, subtotal: parseDecimal('9.7497'), inference_requests: 25 });
    idle.revise({ minutes: 70, subtotal: parseDecimal('7.5831') });
    const after = await pollOnce(here);

    const blocks = (await readFile(README, 'utf8')).matchAll(/^```promql\n([\s\S]*?)^```/gm);
    const [priceOf = '', idleUsd = '', secondsEach = ''] = Array.from(blocks, ([, query = '']) =>
      query.trim(),
    );
    const expected = [
      [`sum by (resource) (${priceOf})`, { 'dep-busy': 0.10833, 'dep-idle': 0.10833 }],
      [`count by (resource) (${idleUsd})`, { 'dep-idle': 1 }],
      [`round(sum by (resource) (${secondsEach}))`, { 'dep-busy': 120 }],
    ] as const;
    const rules = {
      rule_files: [],
      tests: [
        {
          interval: '1m',
          input_series: seriesOf(before, after),
          promql_expr_test: expected.map(([expr, values]) => ({
            expr,
            eval_time: '1d',
            exp_samples: Object.entries(values).map(([resource, value]) => {
              return { labels: `{resource="${resource}"}`, value };
            }),
          })),
        },
      ],
    };
    const folder = await mkdtemp(join(tmpdir(), 'queries-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'test.yml');
    await writeFile(file, JSON.stringify(rules));
    const { code, output } = await run(pathOf('promtool'), ['test', 'rules', file]);
    assert.equal(code, 0, output);
  },
);
