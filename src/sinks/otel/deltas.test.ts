import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AggregationTemporality, type DataPoint } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { assertAsyncProperty } from '../../../test/support/ledger/property.ts';
import { createFakeSource } from '../../../test/support/providers/fake-source.ts';
import type { Delivery } from '../../core/ledger/records.ts';
import type { Deliveries } from '../../core/metrics/deliveries.ts';
import type { Family, Sample } from '../../core/metrics/snapshot.ts';
import { parseDecimal, toNumber } from '../../core/values/money.ts';
import { createLedgerProducer } from './producer.ts';

const BEGUN = 1_795_000_000_000;
const NAME = 'ai_billing_cost_usd_total';

/** What the ledger's database does with deliveries. */
function createStore(failures = 0) {
  let standing: Totals = [];
  const rows = new Map<string, Delivery>();
  const remembered: (readonly Delivery[])[] = [];
  let isNew = true;
  let failing = failures;
  const deliveries: Deliveries = {
    get isNew() {
      return isNew;
    },
    begin(at) {
      deliveries.remember(
        standing.map(([name, total, createdAt]) => ({ family: NAME, labels: [name], createdAt, total, at })),
      );
    },
    load: () => [...rows.values()],
    remember(news) {
      if (!isNew && failing > 0) {
        failing -= 1;
        throw new Error('disk full');
      }
      isNew = false;
      remembered.push(news);
      for (const row of news) rows.set(JSON.stringify([row.family, row.labels]), structuredClone(row));
    },
  };
  const holding = (totals: Totals) => {
    standing = totals;
  };
  return { deliveries, remembered, holding };
}

type Totals = readonly (readonly [name: string, value: number, createdAt: number])[];

function counter(totals: Totals): Family {
  const samples: Sample[] = totals.map(([name, value, createdAt]) => ({ labels: [name], value, createdAt }));
  return { name: NAME, type: 'counter', help: 'Help.', labels: ['resource'], samples };
}

/** A ledger, a clock and a receiver of differences, which can be restarted. */
function createWorld(totals: Totals = [], store = createStore()) {
  const source = createFakeSource([counter(totals)]);
  store.holding(totals);
  let now = BEGUN;
  const open = () =>
    createLedgerProducer({
      source,
      now: () => now,
      version: '1',
      genAi: false,
      deliveries: store.deliveries,
    });
  let ledger = open();
  return {
    now: () => now,
    pass: (ms: number) => {
      now += ms;
    },
    publish: (next: Totals) => source.publish([counter(next)]),
    restart: () => {
      ledger = open();
    },
    acknowledge: (points: readonly object[]) => ledger.acknowledge(points),
    async collect(): Promise<DataPoint<number>[]> {
      const { resourceMetrics } = await ledger.producer.collect();
      const [metric] = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
      if (!metric) return [];
      assert.equal(metric.aggregationTemporality, AggregationTemporality.DELTA);
      return metric.dataPoints.map((point) => point as DataPoint<number>);
    },
  };
}

/** Milliseconds since the beginning of the test, and value. */
function told(points: readonly DataPoint<number>[]) {
  return points.map(({ startTime, endTime, attributes, value }) => [
    attributes.resource,
    millis(startTime) - BEGUN,
    millis(endTime) - BEGUN,
    value,
  ]);
}

function millis([seconds, nanos]: DataPoint<number>['startTime']): number {
  return seconds * 1000 + nanos / 1e6;
}

describe('deltas', () => {
  test('start from the last acknowledged total, as decimals, and are absent without growth', async () => {
    const world = createWorld();
    world.publish([
      ['a', 0.1, BEGUN - 500],
      ['b', 0, BEGUN + 400],
    ]);
    world.pass(1000);
    const first = await world.collect();
    assert.deepEqual(told(first), [
      ['a', 0, 1000, 0.1],
      ['b', 400, 1000, 0],
    ]);
    world.acknowledge(first);
    world.publish([
      ['a', 0.3, BEGUN - 500],
      ['b', 0, BEGUN + 400],
    ]);
    world.pass(1000);
    assert.deepEqual(told(await world.collect()), [['a', 1000, 2000, 0.2]]);
  });

  test('include what was not acknowledged before, with its start time', async () => {
    const world = createWorld([['a', 5, BEGUN - 500]]);
    world.publish([['a', 6, BEGUN - 500]]);
    world.pass(1000);
    assert.deepEqual(told(await world.collect()), [['a', 0, 1000, 1]]);
    world.publish([['a', 6.5, BEGUN - 500]]);
    world.pass(1000);
    assert.deepEqual(told(await world.collect()), [['a', 0, 2000, 1.5]]);
  });

  test('omit earlier costs for a new receiver, and for one after a restart', async () => {
    const world = createWorld([['a', 5000, BEGUN - 500]]);
    world.pass(1000);
    assert.deepEqual(await world.collect(), []);
    world.publish([['a', 5001, BEGUN - 500]]);
    world.acknowledge(await world.collect());
    world.restart();
    world.pass(1000);
    assert.deepEqual(await world.collect(), []);
    world.publish([['a', 5003, BEGUN - 500]]);
    assert.deepEqual(told(await world.collect()), [['a', 1000, 2000, 2]]);
  });

  test('start again from 0, after the last interval, if the series did', async () => {
    const world = createWorld([['a', 5, BEGUN - 500]]);
    world.pass(1000);
    world.publish([['a', 7, BEGUN + 300]]);
    assert.deepEqual(told(await world.collect()), [['a', 300, 1000, 7]]);
    world.publish([['a', 7, BEGUN - 200]]);
    assert.deepEqual(told(await world.collect()), [['a', 0, 1000, 7]]);
  });

  test('are never negative: a lower total has started again', async () => {
    const world = createWorld([['a', 5, BEGUN - 500]]);
    world.pass(1000);
    world.publish([['a', 2, BEGUN - 500]]);
    assert.deepEqual(told(await world.collect()), [['a', 0, 1000, 2]]);
  });

  test('wait until the clock has passed the last interval', async () => {
    const world = createWorld([['a', 5, BEGUN - 500]]);
    world.publish([['a', 6, BEGUN - 500]]);
    assert.deepEqual(await world.collect(), []);
    world.pass(-5000);
    assert.deepEqual(await world.collect(), []);
    world.pass(5001);
    assert.deepEqual(told(await world.collect()), [['a', 0, 1, 1]]);
  });

  test('do not wait for a clock that was days ahead at the last delivery, and repeat nothing', async () => {
    const world = createWorld([['a', 5, BEGUN - 500]]);
    const day = 24 * 3600 * 1000;
    world.publish([['a', 6, BEGUN - 500]]);
    world.pass(40 * day);
    world.acknowledge(await world.collect());
    world.pass(-39 * day);
    world.publish([['a', 8, BEGUN - 500]]);
    const first = await world.collect();
    assert.deepEqual(told(first), [['a', day - 1, day, 2]]);
    world.acknowledge(first);
    world.publish([['a', 9, BEGUN - 500]]);
    world.pass(1000);
    assert.deepEqual(told(await world.collect()), [['a', day, day + 1000, 1]]);
  });

  test('store only the rows that changed', async () => {
    const store = createStore();
    const world = createWorld([['a', 5, BEGUN - 500]], store);
    world.pass(1000);
    world.publish([
      ['a', 5, BEGUN - 500],
      ['b', 1, BEGUN + 1],
    ]);
    const points = await world.collect();
    world.acknowledge(points);
    world.acknowledge(points);
    world.acknowledge([{}]);
    const row = { family: NAME, createdAt: BEGUN - 500, at: BEGUN };
    assert.deepEqual(store.remembered, [
      [{ ...row, labels: ['a'], total: 5 }],
      [{ ...row, labels: ['b'], total: 1, createdAt: BEGUN + 1, at: BEGUN + 1000 }],
    ]);
  });

  test('that could not be stored are stored with the next, and not sent again', async () => {
    const store = createStore(1);
    const world = createWorld([], store);
    world.publish([['a', 1, BEGUN]]);
    world.pass(1000);
    const points = await world.collect();
    assert.throws(() => world.acknowledge(points), /disk full/);
    world.pass(1000);
    assert.deepEqual(await world.collect(), []);
    world.acknowledge([]);
    assert.deepEqual(
      store.deliveries.load().map(({ total }) => total),
      [1],
    );
  });

  test('acknowledged late do not undo later ones', async () => {
    const world = createWorld();
    world.publish([['a', 1, BEGUN]]);
    world.pass(1000);
    const late = await world.collect();
    world.publish([['a', 3, BEGUN]]);
    world.pass(1000);
    world.acknowledge(await world.collect());
    world.acknowledge(late);
    world.pass(1000);
    assert.deepEqual(await world.collect(), []);
  });
});

type Command = typeof command extends fc.Arbitrary<infer Made> ? Made : never;

const SERIES = ['a', 'b', 'c'] as const;
const series = fc.constantFrom(...SERIES);
/** In units of 1e-12, so small that no sum of them leaves what doubles hold. */
const amount = fc.oneof(fc.bigInt(0n, 10n ** 14n), fc.constant(0n));
const command = fc.oneof(
  fc.record({ kind: fc.constant('grow' as const), series, amount }),
  fc.record({ kind: fc.constant('start again' as const), series, amount }),
  fc.record({ kind: fc.constant('vanish' as const), series }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: -300, max: 1000 }) }),
  fc.record({
    kind: fc.constant('push' as const),
    taken: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

interface Known {
  total: bigint;
  createdAt: number;
  isShown: boolean;
  /** What the receiver has once everything is told. */
  owed: bigint;
  has: bigint;
  /** End of the last acknowledged interval. */
  end: number;
}

/** The naive way: adds up what is spent and what is taken. The series of `before` stood when the receiver came. */
function createModel(before: readonly bigint[]) {
  const known = new Map<string, Known>();
  const fresh = { total: 0n, isShown: true, owed: 0n, has: 0n };
  for (const [index, total] of before.entries()) {
    known.set(SERIES[index] ?? '', { ...fresh, total, createdAt: BEGUN - 100, end: BEGUN });
  }
  return {
    all: () => [...known.values()],
    of(name: string, now: number): Known {
      const one = known.get(name) ?? { ...fresh, createdAt: now, end: Number.NEGATIVE_INFINITY };
      known.set(name, one);
      return one;
    },
    shown: (): Totals =>
      [...known].flatMap(([name, { total, createdAt, isShown }]) =>
        isShown ? [[name, toNumber(total), createdAt] as const] : [],
      ),
    took({ attributes, startTime, endTime, value }: DataPoint<number>): void {
      const one = known.get(String(attributes.resource)) ?? assert.fail();
      assert.ok(millis(startTime) < millis(endTime) && millis(startTime) >= one.end && value >= 0);
      one.end = millis(endTime);
      one.has += parseDecimal(String(value));
    },
  };
}

function spend(one: Known, amount: bigint): void {
  one.isShown = true;
  one.total += amount;
  one.owed += amount;
}

/** What was not told of the series that was is lost. */
function beginAnew(one: Known, now: number, total: bigint): void {
  const createdAt = one.createdAt === now ? now + 1 : now;
  Object.assign(one, { total, createdAt, isShown: true, owed: one.has + total });
}

async function live(before: readonly bigint[], commands: readonly Command[]): Promise<void> {
  const model = createModel(before);
  const world = createWorld(model.shown());
  const push = async (taken: readonly boolean[]) => {
    world.publish(model.shown());
    const points = (await world.collect()).filter((_, index) => taken[index]);
    points.forEach(model.took);
    world.acknowledge(points);
  };
  for (const each of commands) {
    if (each.kind === 'pass') world.pass(each.ms);
    else if (each.kind === 'restart') world.restart();
    else if (each.kind === 'push') await push(each.taken);
    else if (each.kind === 'vanish') model.of(each.series, world.now()).isShown = false;
    else if (each.kind === 'grow') spend(model.of(each.series, world.now()), each.amount);
    else beginAnew(model.of(each.series, world.now()), world.now(), each.amount);
  }
  for (const one of model.all()) one.isShown = true;
  world.pass(50_000);
  await push([true, true, true]);
  for (const { has, owed } of model.all()) assert.equal(has, owed);
}

test('deltas that were acknowledged add up to all costs since the receiver was opened, despite losses and restarts', async () => {
  const lives = fc.asyncProperty(
    fc.array(amount, { maxLength: 3 }),
    fc.array(command, { maxLength: 40 }),
    live,
  );
  await assertAsyncProperty(lives, { numRuns: 1000 });
});
