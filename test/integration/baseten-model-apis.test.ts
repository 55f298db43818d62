import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/values/time.ts';
import { type ModelApiRow, type SimulatedSource, SOURCES } from '../simulators/baseten/rows.ts';
import { type BasetenOptions, type BasetenSimulator, startBaseten } from '../simulators/baseten/server.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import { type FakeClock, fakeClockAt } from '../simulators/kit/world.ts';
import { type Exporter, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { EVERYTHING, pollSuccessfully, walk } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertNoCounterFell,
  assertOnlyReads,
  assertUniqueInfoSeries,
  assertWindows,
  samplesOf,
} from '../support/exposition/expected.ts';

const OWNER = { provider: 'baseten' };
const PATHS = { model_apis: /billing\/model_apis$/, model_api_usage: /model_apis\/usage$/ };
/** The evening before the last day of a month. */
const EVENING = Date.UTC(2026, 9, 30, 22, 10);

interface Scene {
  readonly clock: FakeClock;
  readonly baseten: BasetenSimulator;
  readonly exporter: Exporter;
}

async function scene(context: TestContext, options: BasetenOptions = {}, now = EVENING): Promise<Scene> {
  const clock = fakeClockAt(now);
  const baseten = await startBaseten({ clock, genesis: Date.UTC(2026, 9, 20), ...options });
  context.after(() => baseten.close());
  const { url, key } = baseten;
  const exporter = await startExporter(context, clock, [{ provider: 'baseten', url, key }]);
  return { clock, baseten, exporter };
}

const USED: ModelApiRow = {
  category: 'model_api',
  at: Date.UTC(2026, 9, 29),
  model_name: 'by-hand',
  keys: ['bsnt_hand'],
  subtotal: parseDecimal('0.000001'),
  requests: 3,
  input_tokens: 1000,
  cached_input_tokens: 400,
  output_tokens: 7,
};

for (const modelApis of [{}, { bucketsPerPage: 5 }, { bucketsPerPage: 5, swapsCursors: true }]) {
  test(`baseten: costs and usage by key match the bill over a month end, ${JSON.stringify(modelApis)}`, async (context) => {
    const { clock, baseten, exporter } = await scene(context, { modelApis });
    const row = baseten.book(USED);
    const credit = baseten.book({ ...USED, keys: [], subtotal: -parseDecimal('12.500000000001') });
    const later = { ...USED, at: Date.UTC(2026, 9, 31) };
    await walk({ clock, exporter, owner: OWNER, truth: (range) => baseten.truth(range) }, [
      { at: '2026-10-30T22:10:00Z' },
      {
        at: '2026-10-30T23:50:10Z',
        happens: () => row.revise({ subtotal: parseDecimal('123456.123456789012') }),
      },
      {
        at: '2026-10-31T00:00:00Z',
        happens: () => row.revise({ input_tokens: 1200, cached_input_tokens: 900 }),
      },
      {
        at: '2026-10-31T12:00:00Z',
        happens: () => {
          credit.remove();
          // The same key with another model: neither takes the label of the other.
          baseten.book({ ...later, model_name: 'another', subtotal: parseDecimal('8.25') });
        },
      },
      {
        at: '2026-11-01T00:00:10Z',
        restarts: true,
        happens: () => row.revise({ output_tokens: 5, requests: 1 }),
      },
      {
        at: '2026-11-01T06:30:00Z',
        happens: () => void baseten.book({ ...later, subtotal: parseDecimal('-8.25') }),
      },
      { at: '2026-11-04T15:00:00Z', happens: () => void baseten.book({ ...later, at: later.at + DAY }) },
      { at: '2026-11-04T15:20:00Z' },
    ]);
    assertOnlyReads(baseten.requests);
    assert.equal(
      baseten.requests.some(({ query }) => query.cursor !== undefined),
      'bucketsPerPage' in modelApis,
    );
  });
}

/** Every value is exact, and the same dollar is nowhere twice. */
function assertExact(
  page: Scrape,
  { clock, baseten }: Scene,
  known: ReturnType<BasetenSimulator['truth']>,
): void {
  assertWindows(page, OWNER, clock.now(), (range) => baseten.truth(range));
  assertNetCosts(page, OWNER, known, baseten.truth(EVERYTHING));
  assertUniqueInfoSeries(page);
}

function monthOf(page: Scrape): number {
  const samples = samplesOf(page, 'ai_billing_cost_month_to_date_usd');
  return samples.reduce((sum, { value }) => sum + value, 0);
}

/** Polls twice: a feed that may be read from now on tells `usage`, whose next poll goes by it. */
async function settle({ clock, exporter }: Scene): Promise<Scrape> {
  await pollSuccessfully(exporter);
  clock.advance(MINUTE);
  await pollSuccessfully(exporter);
  return exporter.fresh();
}

function upOf(page: Scrape, feed: string): number | undefined {
  return page.value('ai_billing_up', { provider: 'baseten', account: 'test', feed });
}

const RIGHTS: readonly (readonly SimulatedSource[])[] = [
  [],
  SOURCES,
  ['model_apis'],
  ['model_api_usage'],
  SOURCES,
  [],
  ['model_apis'],
];

test('baseten: a key that gains and loses rights moves counters in pairs, across restarts', async (context) => {
  const here = await scene(context);
  const { clock, baseten, exporter } = here;
  baseten.permit(RIGHTS[0] ?? []);
  await pollSuccessfully(exporter);
  const known = baseten.truth(EVERYTHING);
  let last = await exporter.fresh();
  for (const [index, rights] of RIGHTS.entries()) {
    // An hour later, because a feed that was refused waits as long.
    clock.advance(HOUR);
    baseten.permit(rights);
    await pollSuccessfully(exporter);
    const between = await exporter.fresh();
    const exact =
      baseten.truth(EVERYTHING).total('cost') -
      baseten.truth({ start: 0, end: Date.UTC(2026, 9, 1) }).total('cost');
    assert.ok(
      Math.abs(monthOf(between) - Number(exact) / 1e12) < 1e-6,
      `right ${index}: no dollar twice or lost`,
    );
    clock.advance(MINUTE);
    if (index % 2 === 1) await exporter.restart();
    await pollSuccessfully(exporter);
    const page = await exporter.fresh();
    assertExact(page, here, known);
    assertNoCounterFell(last, page);
    for (const source of SOURCES)
      assert.equal(upOf(page, source), rights.includes(source) ? 1 : undefined, `${source} after ${index}`);
    last = page;
  }
});

test('baseten: the first poll of a key that may read model APIs counts nothing twice', async (context) => {
  const { baseten, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  const page = await exporter.fresh();
  for (const { labels, value } of samplesOf(page, 'ai_billing_cost_corrections_usd_total'))
    assert.equal(value, 0, JSON.stringify(labels));
  const keys = new Set(samplesOf(page, 'ai_billing_cost_today_usd').map(({ labels }) => labels.resource));
  assert.ok(keys.has('bsnt_app,bsnt_web'));
  assert.equal(baseten.requests.filter(({ status }) => status !== 200).length, 0);
});

test('baseten: costs by key begin on 2026-08-06, and the days before stay those of the summary', async (context) => {
  const genesis = Date.UTC(2026, 7, 1);
  const here = await scene(context, { genesis }, Date.UTC(2026, 7, 4, 12));
  const { clock, baseten, exporter } = here;
  await pollSuccessfully(exporter);
  const known = baseten.truth(EVERYTHING);
  for (const at of [
    '2026-08-05T20:00:00Z',
    '2026-08-05T21:00:00Z',
    '2026-08-05T23:58:30Z',
    '2026-08-06T00:00:20Z',
    '2026-08-06T01:00:00Z',
    '2026-08-07T06:00:00Z',
    '2026-09-05T12:00:00Z',
    '2026-09-08T12:00:00Z',
  ]) {
    clock.set(Date.parse(at));
    assertExact(await settle(here), here, known);
  }
  const asked = baseten.requests.filter(({ path }) => PATHS.model_apis.test(path));
  assert.equal(asked.map(({ query }) => query.start_date).sort()[0], '2026-08-06');
});

for (const status of [401, 402, 403, 404, 410]) {
  test(`baseten: the summary stands where a source answers ${status}`, async (context) => {
    const here = await scene(context);
    const { clock, baseten, exporter } = here;
    await pollSuccessfully(exporter);
    const known = baseten.truth(EVERYTHING);
    for (const source of SOURCES) {
      clock.advance(HOUR);
      baseten.permit(SOURCES.filter((each) => each !== source));
      baseten.fault({ kind: 'status', status }, PATHS[source]);
      await pollSuccessfully(exporter);
      const page = await exporter.fresh();
      assertExact(page, here, known);
      assert.deepEqual([upOf(page, source), upOf(page, 'usage')], [undefined, 1]);
      baseten.permit(SOURCES);
      baseten.fault(undefined);
      clock.advance(HOUR);
      assertExact(await settle(here), here, known);
    }
  });
}

const SPOILED: Readonly<Record<string, SimulatedFault>> = {
  'a 400': { kind: 'status', status: 400 },
  'a 422': { kind: 'status', status: 422 },
  'a 500': { kind: 'status', status: 500 },
  HTML: { kind: 'html' },
  'an empty answer': { kind: 'empty' },
  'truncated JSON': { kind: 'truncated' },
  'a reset connection': { kind: 'reset' },
  'an empty object': { kind: 'edit', edit: () => '{}' },
  'a lost bucket': { kind: 'edit', edit: (body) => body.replace(/(\{"date"|\{"start_time").*?\]\},/, '') },
  'a cursor that is missing': {
    kind: 'edit',
    edit: (body) => body.replace('"has_more":false', '"has_more":true'),
  },
};

for (const source of SOURCES) {
  test(`baseten: when ${source} fails in another way, its amounts stay and the rest of the bill moves on`, async (context) => {
    const here = await scene(context);
    const { clock, baseten, exporter } = here;
    const families =
      source === 'model_apis'
        ? ['ai_billing_cost_usd_total', 'ai_billing_cost_corrections_usd_total', 'ai_billing_cost_today_usd']
        : ['ai_billing_tokens_total', 'ai_billing_tokens_corrections_total', 'ai_billing_requests_total'];
    await pollSuccessfully(exporter);
    const known = baseten.truth(EVERYTHING);
    const own = (page: Scrape) =>
      families.flatMap((name) => samplesOf(page, name).filter(({ labels }) => labels.tier === 'model_api'));
    for (const [what, fault] of Object.entries(SPOILED)) {
      await context.test(what, async () => {
        const before = await exporter.fresh();
        clock.advance(20 * MINUTE);
        baseten.fault(fault, PATHS[source]);
        const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
        assert.deepEqual(
          failed.map(({ feed }) => feed),
          [source],
        );
        const page = await exporter.fresh();
        assert.deepEqual(own(page), own(before));
        const truth = baseten.truth({ start: clock.now() - (clock.now() % DAY), end: clock.now() + DAY });
        const dedicated = { resource: 'dep-llama', tier: 'dedicated' };
        assert.equal(
          page.sum('ai_billing_cost_today_usd', { provider: 'baseten', ...dedicated }),
          Number(truth.total('cost', dedicated)) / 1e12,
        );
        baseten.fault(undefined);
        clock.advance(2 * MINUTE);
        await pollSuccessfully(exporter);
        assertExact(await exporter.fresh(), here, known);
      });
    }
  });
}

test('baseten: money as a number, which may be in another unit, is refused', async (context) => {
  const here = await scene(context);
  const { clock, baseten, exporter } = here;
  await settle(here);
  const before = samplesOf(await exporter.fresh(), 'ai_billing_cost_today_usd').filter(
    ({ labels }) => labels.tier === 'model_api',
  );
  const edit = (body: string) => body.replace(/"subtotal":"([\d.]+)"/g, '"subtotal":$1');
  baseten.fault({ kind: 'edit', edit }, PATHS.model_apis);
  clock.advance(HOUR);
  const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
  assert.deepEqual(
    failed.map(({ feed, outcome }) => [feed, 'reason' in outcome && outcome.reason]),
    [['model_apis', 'contract']],
  );
  const after = samplesOf(await exporter.fresh(), 'ai_billing_cost_today_usd').filter(
    ({ labels }) => labels.tier === 'model_api',
  );
  assert.deepEqual(after, before);
});

test('baseten: sources that fail from the beginning leave the summary, until they can be read', async (context) => {
  const here = await scene(context);
  const { clock, baseten, exporter } = here;
  baseten.permit([]);
  baseten.fault({ kind: 'status', status: 500 }, /model_apis/);
  await exporter.pollAll();
  const known = baseten.truth(EVERYTHING);
  assertExact(await exporter.fresh(), here, known);
  baseten.permit(SOURCES);
  baseten.fault(undefined);
  clock.advance(HOUR);
  assertExact(await settle(here), here, known);
});
