import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ONE, parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE, type Range } from '../../src/core/values/time.ts';
import { SIMULATED_IDS, startAll } from '../simulators/all.ts';
import type { DedicatedRow } from '../simulators/baseten/rows.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import type { InferenceShRow } from '../simulators/inference-sh/rows.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import type { Truth } from '../simulators/kit/truth.ts';
import { fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import type { NorthflankRow } from '../simulators/northflank/rows.ts';
import { startNorthflank } from '../simulators/northflank/server.ts';
import { charge, PURCHASE, type VeniceRow } from '../simulators/venice/rows.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { EVERYTHING, pollSuccessfully, type Step, walk } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertNoCounterFell,
  assertOnlyReads,
  assertUniqueInfoSeries,
  assertWindows,
  LEDGER_NAMES,
  ledgerLines,
  type Owner,
  windowsSince,
} from '../support/exposition/expected.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { promtoolCheckMetrics } from '../support/programs/prometheus.ts';
import { truthAsTold, windowsOf, withoutLiveMinutes } from '../support/providers/told-truth.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
/** The evening before the last day of a month. */
const EVENING = Date.UTC(2026, 9, 30, 22, 10);
/** Closes a simulator after its test. */
function ending<Started extends { close(): Promise<void> }>(context: TestContext, started: Started): Started {
  context.after(() => started.close());
  return started;
}

function accountAt(provider: string, { url, key }: Pick<Simulator, 'url' | 'key'>) {
  return { provider, url, key };
}

const DEPLOYMENT: DedicatedRow = {
  category: 'dedicated',
  at: Date.UTC(2026, 9, 28),
  resource: { id: 'dep-hand', kind: 'MODEL_DEPLOYMENT', name: 'by hand', model_name: 'first-name' },
  subtotal: parseDecimal('0.000001'),
  minutes: 7,
  inference_requests: 11,
};

for (const contract of CONTRACTS) {
  test(`totals: Baseten, ${contract} contract: every value matches the bill, over a month end`, async (context) => {
    const clock = fakeClockAt(EVENING);
    const options = { clock, contract, genesis: Date.UTC(2026, 8, 20) };
    const baseten = ending(context, await withoutLiveMinutes(clock, () => startBaseten(options)));
    const exporter = await startExporter(context, clock, [accountAt('baseten', baseten)]);
    const revised = baseten.book({ ...DEPLOYMENT, at: Date.UTC(2026, 9, 29) });
    const refunded = baseten.book({
      ...DEPLOYMENT,
      at: Date.UTC(2026, 9, 30),
      subtotal: parseDecimal('3.25'),
    });
    const lastDay = { ...DEPLOYMENT, at: Date.UTC(2026, 9, 31) };
    const owner: Owner = {
      provider: 'baseten',
      // A resource keeps the model it was first seen with.
      labelled: (entry) => (entry.resource === 'dep-hand' ? { ...entry, model: 'first-name' } : entry),
    };
    await walk({ clock, exporter, owner, truth: (range) => baseten.truth(range) }, [
      { at: '2026-10-30T22:10:00Z' },
      { at: '2026-10-30T23:50:10Z', happens: () => void baseten.book(DEPLOYMENT) },
      {
        at: '2026-10-31T00:00:05Z',
        happens: () => revised.revise({ subtotal: parseDecimal('171.150000000001') }),
      },
      {
        at: '2026-10-31T12:00:00Z',
        happens: () => {
          refunded.remove();
          baseten.book({ ...lastDay, subtotal: parseDecimal('123456789.123456789012') });
          baseten.book({
            category: 'model_api',
            at: lastDay.at,
            model_name: 'new-model',
            subtotal: parseDecimal('0.123456789012'),
            input_tokens: 9_007_199_254,
            output_tokens: 3,
            cached_input_tokens: 9_007_199_253,
          });
        },
      },
      {
        at: '2026-10-31T23:59:59Z',
        happens: () => revised.revise({ subtotal: parseDecimal('0.000000000001'), minutes: 3 }),
      },
      { at: '2026-11-01T00:00:10Z', restarts: true },
      {
        at: '2026-11-01T06:30:00Z',
        happens: () => revised.revise({ resource: { ...DEPLOYMENT.resource, model_name: 'second-name' } }),
      },
      {
        at: '2026-11-02T15:00:00Z',
        happens: () => void baseten.book({ ...lastDay, subtotal: parseDecimal('8') }),
      },
    ]);
    assertOnlyReads(baseten.requests);
  });
}

/** A charge of a model's output tokens at an instant. */
function spend(at: string, change: Partial<VeniceRow> = {}): VeniceRow {
  const { model = 'by-hand' } = change;
  return {
    at: Date.parse(at),
    sku: `${model}-llm-output-mtoken`,
    model,
    ...charge(parseDecimal('0.000227'), parseDecimal('2.8')),
    currency: 'USD',
    notes: 'API Inference',
    inferenceDetails: {
      requestId: `chatcmpl-${at}`,
      promptTokens: 339,
      completionTokens: 227,
      inferenceExecutionTime: null,
    },
    ...change,
  };
}

for (const contract of CONTRACTS) {
  test(`totals: Venice, ${contract} contract: three feeds, one ledger, every currency`, async (context) => {
    const clock = fakeClockAt(EVENING);
    const options = { clock, contract, genesis: Date.UTC(2026, 9, 29, 12) };
    const venice = ending(context, await withoutLiveMinutes(clock, () => startVenice(options)));
    const exporter = await startExporter(context, clock, [accountAt('venice', venice)]);
    const book = (...rows: VeniceRow[]) => rows.map((row) => venice.book(row));
    const amount = (text: string) => ({ amount: parseDecimal(text) });
    book(
      spend('2026-09-30T23:59:59.999Z', amount('-0.000000000001')),
      spend('2026-10-01T00:00:00.000Z', { currency: 'VCU', ...amount('-0.06356') }),
      spend('2026-10-29T11:00:00.000Z', { currency: 'EUR', ...amount('-4.5') }),
    );
    const [revised] = book(spend('2026-10-30T22:05:00.000Z', amount('-1.5')));
    await walk({ clock, exporter, owner: { provider: 'venice' }, truth: (range) => venice.truth(range) }, [
      { at: '2026-10-30T22:10:00Z' },
      { at: '2026-10-30T22:10:30Z', happens: () => void book(spend('2026-10-30T22:10:29.999Z')) },
      {
        at: '2026-10-30T23:58:00Z',
        happens: () => {
          revised?.revise(amount('-1.75'));
          // Late by most of two days, and back-dated by hours.
          book(spend('2026-10-29T01:00:00.000Z', { model: 'new-model', ...amount('-12.345678901234') }));
          book(spend('2026-10-30T18:00:00.000Z', { currency: 'DIEM', ...amount('-90071.992547409912') }));
        },
      },
      {
        at: '2026-10-31T00:00:20Z',
        happens: () => {
          revised?.revise(amount('-0.25'));
          book(
            spend('2026-10-31T00:00:01.000Z', { currency: 'EARNED_CREDITS' }),
            spend('2026-10-31T00:00:01.000Z', { currency: 'EUR', ...amount('-0.125') }),
            spend('2026-10-31T00:00:02.000Z', {
              sku: PURCHASE,
              model: '',
              ...amount('50'),
              units: ONE,
              inferenceDetails: null,
            }),
            // A refund: money back for a SKU that is charged.
            spend('2026-10-31T00:00:03.000Z', { ...amount('0.75'), units: 0n, inferenceDetails: null }),
          );
        },
      },
      { at: '2026-10-31T12:00:00Z', restarts: true },
      { at: '2026-10-31T23:59:59Z', happens: () => revised?.remove() },
      { at: '2026-11-01T00:00:01Z', happens: () => void book(spend('2026-10-31T23:59:59.999Z')) },
      { at: '2026-11-01T23:00:00Z', happens: () => void book(spend('2026-10-30T23:30:00.000Z')) },
    ]);
    assertOnlyReads(venice.requests);
  });
}

const TASK: InferenceShRow = { at: EVENING - MINUTE, app: 'infsh/by-hand', microcents: 1n, seconds: 3 };

for (const contract of CONTRACTS) {
  test(`totals: inference.sh, ${contract} contract: four sliding windows agree`, async (context) => {
    const clock = fakeClockAt(EVENING);
    const options = { clock, contract, generate: false };
    const inference = ending(context, await startInferenceSh(options));
    const exporter = await startExporter(context, clock, [accountAt('inference_sh', inference)]);
    const book = (agoMs: number, change: Partial<InferenceShRow> = {}) =>
      inference.book({ ...TASK, at: clock.now() - agoMs, ...change });
    book(40 * DAY, { microcents: 9_007_199_254_740_993n, app: 'infsh/gone' });
    book(3 * DAY, { microcents: 123_456_789n });
    book(20 * HOUR, { microcents: 7n, app: 'infsh/b' });
    book(90 * MINUTE);
    const steps = Array.from({ length: 70 }, (_, index): Step => {
      return {
        at: new Date(EVENING + index * 25 * MINUTE + (index % 7) * 1000).toISOString(),
        happens: () => {
          book(13_000, { microcents: BigInt(index + 1) * 12_345_678n, app: `infsh/${index % 5}` });
          // Late by half an hour, and refunded before it leaves the shortest window.
          book(30 * MINUTE, { microcents: 1_000_000n });
          book(5 * MINUTE, { microcents: 55_555n, refundedAt: clock.now() + 20 * MINUTE });
          // Late by four days: only the daily window has it, and its days have settled.
          if (index % 20 === 0) book(4 * DAY, { microcents: 40_000_001n, app: 'infsh/late' });
        },
        ...(index === 40 && { restarts: true }),
      };
    });
    const truth = (range: Range) => inference.truth(range);
    await walk({ clock, exporter, owner: { provider: 'inference_sh' }, truth }, steps);
    assertOnlyReads(inference.requests);
  });
}

test('totals: inference.sh: charges that the shorter windows missed count once their day has settled', async (context) => {
  const clock = fakeClockAt(Date.UTC(2026, 10, 10, 0, 0, 30));
  const inference = ending(context, await startInferenceSh({ clock, generate: false }));
  const exporter = await startExporter(context, clock, [accountAt('inference_sh', inference)]);
  const spent = clock.now() + HOUR;
  for (let minutes = 0; minutes < 5 * 60; minutes += 30) {
    await pollSuccessfully(exporter);
    clock.advance(30 * MINUTE);
  }
  const overlooked = inference.book({ ...TASK, at: spent, microcents: 3n });
  inference.book({ ...TASK, at: spent + MINUTE, microcents: 4n, app: 'infsh/other' });
  await pollSuccessfully(exporter);
  overlooked.revise({ microcents: 2n });
  clock.set(Date.UTC(2026, 10, 13, 0, 0, 1));
  await pollSuccessfully(exporter);
  const truth = (range: Range) => inference.truth(range);
  assertWindows(await exporter.fresh(), { provider: 'inference_sh' }, clock.now(), truth, ['month_to_date']);
});

const HAND: NorthflankRow = {
  scope: 'paas',
  at: Date.UTC(2026, 9, 30, 20),
  team: 'core',
  project: 'api',
  resourceType: 'service',
  resource: 'by-hand',
  name: 'By hand',
  price: { total: parseDecimal('0.000123456789'), cpu: parseDecimal('0.0001') },
};

for (const contract of CONTRACTS) {
  for (const teamId of [undefined, 'core']) {
    const form = teamId === undefined ? 'several teams' : 'the team form';
    test(`totals: Northflank, ${contract} contract, ${form}: every hour, per resource`, async (context) => {
      const clock = fakeClockAt(Date.UTC(2026, 9, 30, 2, 20));
      const options = { clock, contract, genesis: Date.UTC(2026, 9, 1) };
      const northflank = ending(context, await withoutLiveMinutes(clock, () => startNorthflank(options)));
      const since = Date.UTC(2026, 9, 29, 10);
      const config = teamId === undefined ? {} : { teamId };
      const exporter = await startExporter(context, clock, [
        { ...accountAt('northflank', northflank), since, config },
      ]);
      const owner = { provider: 'northflank', labelled: labelledFor(contract, teamId) };
      const first = clock.now();
      let last: Scrape | undefined;
      for (let step = 0; step < 50; step += 1) {
        if (step === 20) northflank.book(HAND);
        if (step === 22) northflank.book({ ...HAND, at: clock.now() - HOUR, resource: 'newcomer' });
        if (step === 30) await exporter.restart();
        await pollSuccessfully(exporter);
        const page = await exporter.fresh();
        const before = truthAsTold(northflank, EVERYTHING, 'first', first);
        const windows = windowsSince(clock.now(), since);
        assertWindows(page, owner, clock.now(), (range) => truthAsTold(northflank, range, 'last'), windows);
        assertNetCosts(page, owner, before, truthAsTold(northflank, EVERYTHING, 'last'));
        assertUniqueInfoSeries(page);
        if (last) assertNoCounterFell(last, page);
        last = page;
        clock.advance(HOUR + (step % 3) * MINUTE);
      }
      // Settled hours have their final values, whenever they were read.
      const october = { start: since, end: Date.UTC(2026, 9, 31) };
      assert.deepEqual(totals(truthAsTold(northflank, october, 'last')), totals(northflank.truth(october)));
      assertOnlyReads(northflank.requests);
    });
  }
}

function totals({ entries }: Truth) {
  return entries.map(({ value, ...labels }) => [JSON.stringify(labels), value]).sort();
}

/** The account's metrics of the books. */
function labelledFor(
  contract: SimulatedContract,
  teamId: string | undefined,
): NonNullable<Owner['labelled']> {
  return (entry) => {
    if (teamId === undefined) return entry;
    if (entry.tier === 'paas' && entry.resource === '') return entry;
    if (entry.tier !== 'paas') return contract === 'seed' ? entry : undefined;
    const prefix = `${teamId}/`;
    return entry.resource.startsWith(prefix)
      ? { ...entry, resource: entry.resource.slice(prefix.length) }
      : undefined;
  };
}

/** The maximum number of requests within any period of that length. */
function mostWithin(perMs: number, requests: Simulator['requests']): number {
  const times = requests.map(({ at }) => at);
  let first = 0;
  let most = 0;
  times.forEach((at, index) => {
    while ((times[first] ?? at) <= at - perMs) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

test('totals: Northflank: 1236 hours of history load within the request budget and raise no counter', async (context) => {
  const clock = fakeClockAt(Date.UTC(2026, 10, 22, 12, 20));
  const since = Date.UTC(2026, 9, 2);
  const northflank = ending(context, await startNorthflank({ clock, contract: 'seed', generate: false }));
  const hours = Array.from({ length: 1236 }, (_, index) => since + index * HOUR);
  for (const at of hours) {
    const total = parseDecimal(`0.0${at / HOUR}`);
    northflank.book({ ...HAND, at, price: { total } });
    const resource = at < since + 100 * HOUR ? 'gone' : 'vllm';
    northflank.book({ ...HAND, at, team: 'research', project: 'models', resource, price: { total } });
  }
  const exporter = await startExporter(context, clock, [{ ...accountAt('northflank', northflank), since }]);
  const unread = () => {
    const asked = new Set(northflank.requests.map(({ path }) => path));
    return hours.filter((at) => !asked.has(`/v1/billing/usage/${at / 1000}`)).length;
  };
  for (let polls = 0; unread() > 0; polls += 1) {
    assert.ok(polls < 120, `after ${polls} polls ${unread()} hours are unread`);
    await pollSuccessfully(exporter);
    const page = await exporter.fresh();
    for (const name of LEDGER_NAMES) if (name.endsWith('_total')) assert.equal(page.sum(name), 0, name);
    const known = page.families.has('ai_billing_cost_last_month_usd');
    assert.equal(known, unread() === 0, 'a window is shown once it was read without a hole');
    clock.advance(10 * MINUTE);
  }
  const owner = { provider: 'northflank' };
  assertWindows(await exporter.fresh(), owner, clock.now(), (range) => northflank.truth(range));
  assert.ok(mostWithin(HOUR, northflank.requests) <= 1000);
  assertOnlyReads(northflank.requests);
});

realServerTest(
  '/metrics: is well-formed in every format, for any order of requests',
  ['promtool'],
  async (context) => {
    const clock = fakeClockAt(EVENING);
    const world = ending(
      context,
      await withoutLiveMinutes(clock, () => startAll({ clock, genesis: Date.UTC(2026, 9, 28) })),
    );
    const since = Date.UTC(2026, 9, 29);
    const accounts = SIMULATED_IDS.map((provider) => ({ ...accountAt(provider, world[provider]), since }));
    const exporter = await startExporter(context, clock, accounts);
    await pollSuccessfully(exporter);
    const fresh = await exporter.fresh();
    assertUniqueInfoSeries(fresh);
    for (const provider of SIMULATED_IDS)
      assert.ok(fresh.sum(`ai_billing_cost_${windowsOf(provider)[0]}_usd`, { provider }) > 0, provider);
    const { code, output } = await promtoolCheckMetrics(fresh.text);
    assert.deepEqual([code, output], [0, '']);

    clock.advance(7 * MINUTE);
    const forms = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => {
      return exporter.scrape(index % 2 === 0 ? 'text' : 'openmetrics', index % 4 < 2);
    });
    const [pages] = await Promise.all([Promise.all(forms), pollSuccessfully(exporter)]);
    pages.push(await exporter.fresh());
    for (const page of pages) assertNoCounterFell(fresh, page);
    for (const format of ['text', 'openmetrics', 'text', 'openmetrics'] as const) {
      const plain = await exporter.scrape(format);
      const gzipped = await exporter.scrape(format, true);
      assert.deepEqual(ledgerLines(gzipped), ledgerLines(plain), format);
      assert.deepEqual(ledgerLines(plain), ledgerLines(pages.at(-1) ?? plain), format);
    }
  },
);
