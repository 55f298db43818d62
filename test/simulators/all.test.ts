import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DAY, type Instant, MINUTE, SECOND } from '../../src/core/values/time.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { ask, NOON } from '../support/providers/simulated.ts';
import { type Providers, SIMULATED_IDS, startAll, startDemoWorld } from './all.ts';
import { outage } from './kit/outages.ts';
import { bornAt, fakeClockAt, worldOf } from './kit/world.ts';

const TODAY = Date.UTC(2026, 10, 22);
let running: Pick<Providers, 'close'>[] = [];
afterEach(async () => {
  await Promise.all(running.map((providers) => providers.close()));
  running = [];
});

function kept(providers: Providers): Providers {
  running.push(providers);
  return providers;
}

function simulatorsOf({ close, ...simulators }: Providers) {
  // The demo has the URL of a receiver, too.
  return Object.values(simulators).filter((one) => typeof one === 'object');
}

const RANGE = { start: TODAY - 2 * DAY, end: TODAY + DAY };

test('simulators: every provider has one', () => {
  assert.deepEqual(SIMULATED_IDS.toSorted(), PROVIDERS.map(({ id }) => id).toSorted());
});

test('simulators: the same seed and clock give the same bill, another seed a different one', async () => {
  const truths = async (seed: number) => {
    const providers = kept(await startAll({ seed, clock: fakeClockAt(NOON) }));
    return simulatorsOf(providers).map((one) => one.truth(RANGE).entries);
  };
  const [once, twice, other] = [await truths(7), await truths(7), await truths(8)];
  assert.deepEqual(once, twice);
  once.forEach((entries, index) => {
    assert.ok(entries.length > 0);
    assert.notDeepEqual(entries, other[index]);
  });
});

test('simulators: a demo world that is started again bills what it billed before', async () => {
  const clock = fakeClockAt(NOON);
  const start = async (opened: Instant) => simulatorsOf(kept(await startDemoWorld({ clock, opened })));
  const bills = (simulators: Awaited<ReturnType<typeof start>>) =>
    simulators.map((one) => [one.truth(RANGE).entries.length, one.truth(RANGE).total('cost')]);
  const first = await start(NOON);
  clock.advance(40 * MINUTE);
  assert.deepEqual(bills(await start(NOON)), bills(first));
  assert.notDeepEqual(bills(await start(clock.now())), bills(first));
});

test('simulators: spend of every provider grows visibly, and new models appear', async () => {
  const clock = fakeClockAt(NOON);
  const providers = kept(await startDemoWorld({ clock }));
  const { venice } = providers;
  const all = simulatorsOf(providers);
  const modelsOf = () => new Set(venice.truth(RANGE).entries.map(({ model }) => model)).size;
  const before = all.map((one) => one.truth(RANGE).total('cost'));
  const models = modelsOf();
  clock.advance(40 * MINUTE);
  all.forEach((one, index) => {
    assert.ok(one.truth(RANGE).total('cost') > (before[index] ?? 0n));
  });
  assert.ok(modelsOf() > models);
});

test('simulators: spend is corrected downward every few minutes', async () => {
  const clock = fakeClockAt(NOON);
  const providers = kept(await startDemoWorld({ clock }));
  for (const one of simulatorsOf(providers)) {
    if (one === providers.northflank) continue;
    clock.set(NOON);
    const seen = Array.from({ length: 200 }, () => {
      clock.advance(10 * SECOND);
      return one.truth({ start: TODAY, end: TODAY + DAY }).total('cost');
    });
    assert.ok(seen.some((cost, index) => cost < (seen[index - 1] ?? 0n)));
  }
});

test('simulators: catalogs have initial, early and late entries', () => {
  const world = worldOf({ clock: fakeClockAt(NOON) });
  assert.equal(world.genesis, Date.UTC(2026, 8, 1));
  assert.equal(bornAt(world, 1, 2, 1), world.genesis);
  assert.equal(bornAt(world, 2, 2, 1), world.genesis + 12 * DAY);
  assert.equal(bornAt(world, 3, 2, 1), NOON + 4 * MINUTE);
});

test('outages: hit one provider at a time for 20 to 40 seconds, never in the first minutes', async () => {
  const of = 6;
  const indexes = Array.from({ length: of }, (_, index) => index);
  const out = (index: number, at: number) =>
    outage({ seed: 1, opened: NOON, index, of }, NOON + at) !== undefined;
  const lengths = new Map<string, number>();
  for (let at = 0; at < 3 * 60 * MINUTE; at += SECOND) {
    const down = indexes.filter((index) => out(index, at));
    assert.ok(down.length <= 1);
    assert.ok(down.length === 0 || at >= 3 * MINUTE);
    for (const index of down) {
      const key = `${index} ${Math.floor(at / (3 * MINUTE))}`;
      lengths.set(key, (lengths.get(key) ?? 0) + 1);
    }
  }
  assert.equal(lengths.size, 59);
  assert.ok([...lengths.values()].every((seconds) => seconds >= 20 && seconds <= 40));
  assert.deepEqual(new Set([...lengths.keys()].map((key) => key[0])), new Set(indexes.map(String)));
});

test('outages: fail requests', async () => {
  const clock = fakeClockAt(NOON);
  const providers = kept(await startDemoWorld({ clock }));
  const of = simulatorsOf(providers).length;
  const failing = Array.from({ length: 3600 }, (_, second) => NOON + second * SECOND).find(
    (at) => outage({ seed: 1, opened: NOON, index: 1, of }, at)?.kind === 'status',
  );
  assert.ok(failing);
  clock.set(failing);
  assert.equal((await ask(providers.venice, '/api/v1/billing/balance')).status, 503);
});
