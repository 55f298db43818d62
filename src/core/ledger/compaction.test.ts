import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Bench,
  cost,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import {
  coarsestOf,
  DAY,
  type Granularities,
  type Granularity,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  sizeOf,
} from '../values/time.ts';
import { type BucketView, resolveBucket } from './composition.ts';

/** Histories per law in the gate. */
const RUNS = 60;
const START = utc('2026-09-28');

/** Everything that was spent, by instant: each piece known to the provider some time after. */
interface Piece {
  readonly at: Instant;
  readonly knownAt: Instant;
  readonly resource: string;
  readonly units: number;
}

const pieces = fc.array(
  fc
    .record({
      minute: fc.nat(20 * 1440 - 1),
      delay: fc.oneof(fc.constant(0), fc.nat(40 * 60)),
      resource: fc.constantFrom('a', 'b'),
      units: fc.constantFrom(1, 1, 2, 7, -3),
    })
    .map(({ minute, delay, resource, units }): Piece => {
      const at = START + minute * MINUTE;
      return { at, knownAt: at + delay * MINUTE, resource, units };
    }),
  { minLength: 1, maxLength: 40 },
);

/** What the provider says of a range at an instant. */
function told(all: readonly Piece[], granularity: Granularity, range: Range, asOf: Instant) {
  const charges = all
    .filter(({ at, knownAt }) => range.start <= at && at < range.end && at <= asOf && knownAt <= asOf)
    .map(({ at, resource, units }) => cost(at, resource, units));
  return statement(granularity, range, asOf, charges);
}

interface Poll {
  readonly granularity: Granularity;
  readonly start: number;
  readonly length: number;
  readonly at: number;
  readonly maintain: boolean;
}

function polls(granularities: readonly Granularity[]): fc.Arbitrary<Poll[]> {
  const poll = fc.constantFrom(...granularities).chain((granularity) =>
    fc.record({
      granularity: fc.constant(granularity),
      start: fc.nat(20),
      length: fc.integer({ min: 1, max: granularity === 'minute' ? 2 : 12 }),
      at: fc.integer({ min: 0, max: 80 * 24 }),
      maintain: fc.boolean(),
    }),
  );
  return fc.array(poll, { minLength: 2, maxLength: 14 }).map((all) => all.sort((a, b) => a.at - b.at));
}

const SHAPES: readonly Granularities[] = [
  ['minute'],
  ['hour'],
  ['day'],
  ['minute', 'hour', 'day'],
  ['hour', 'day'],
  ['minute', 'hour'],
];

for (const granularities of SHAPES) {
  test(`compaction of ${granularities.join(', ')}: no sample moves, and total - corrections = cells - baseline`, () => {
    assertProperty(
      fc.property(pieces, polls(granularities), (all, plan) => {
        const bench = openBench(
          settings({ granularities, settleMs: 24 * HOUR, reachMs: 31 * DAY }, { since: START }),
        );
        for (const poll of plan) {
          const now = START + poll.at * HOUR;
          const start = START + Math.min(poll.start, Math.floor(poll.at / 24)) * DAY;
          // To the end of the open day at most: providers report no future days.
          const end = Math.min(start + poll.length * DAY, START + (Math.floor(poll.at / 24) + 1) * DAY);
          const range = { start, end };
          bench.apply(told(all, poll.granularity, range, now), now);
          if (poll.maintain) assertKept(bench, now);
        }
        assertLaw(bench, granularities);
        assertKept(bench, START + 100 * DAY);
        assertLaw(bench, granularities);
        bench.ledger.close();
      }),
      { numRuns: RUNS },
    );
  });
}

/** Maintenance changes no counter and no gauge, not even over a restart. */
function assertKept(bench: Bench, now: Instant): void {
  const before = bench.values(now);
  bench.ledger.maintain(now);
  assert.deepEqual(bench.values(now), before);
  bench.reopen();
  assert.deepEqual(bench.values(now), before);
}

function assertLaw(bench: Bench, granularities: Granularities): void {
  const cells = cellsLessBaseline(bench, granularities);
  for (const row of bench.state.series.values()) {
    if (row.target !== row.id) continue;
    const expected = (cells.get(row.id) ?? 0n) + row.rolled;
    assert.equal(row.total - row.corrections, expected, `net of ${row.resource}`);
  }
}

/** Adds up what the store holds, bucket by bucket. */
function cellsLessBaseline({ state, store }: Bench, granularities: Granularities): Map<number, Fixed> {
  const stream = [...state.streams.values()][0];
  const net = new Map<number, Fixed>();
  if (!stream) return net;
  const add = (series: number, value: Fixed) => {
    const target = state.series.get(series)?.target ?? series;
    addTo(net, target, value);
  };
  const whole = { start: START - 40 * DAY, end: START + 120 * DAY };
  if (granularities.length === 1) {
    for (const granularity of new Set([...granularities, 'day' as const])) {
      for (const cells of store.cells(stream.id, granularity, whole).values()) {
        for (const [series, { value, baseline }] of cells) add(series, value - baseline);
      }
    }
    return net;
  }
  const baseline = [...state.streams.values()][0]?.baseline;
  const view = (field: 'value' | 'baseline', side: 'current' | 'baseline'): BucketView => {
    const cells = new Map(granularities.map((each) => [each, store.cells(stream.id, each, whole)]));
    return {
      granularities,
      settleMs: 24 * HOUR,
      readings: (granularity) => state.readings(stream.id, granularity, side),
      amounts: (granularity, bucket) => {
        const known = cells.get(granularity)?.get(bucket);
        return known && new Map([...known].map(([series, cell]) => [series, cell[field]]));
      },
      ...(side === 'baseline' && baseline !== undefined ? { baseline } : {}),
    };
  };
  const [value, base] = [view('value', 'current'), view('baseline', 'baseline')];
  const coarsest = coarsestOf(granularities);
  for (let bucket = START; bucket < START + 33 * DAY; bucket += sizeOf(coarsest)) {
    for (const [series, amount] of resolveBucket(value, coarsest, bucket)) add(series, amount);
    for (const [series, amount] of resolveBucket(base, coarsest, bucket)) add(series, -amount);
  }
  return net;
}

test('compaction: a statement about closed buckets or compacted hours is ignored and reported late', () => {
  const bench = openBench(
    settings({ granularities: ['minute'], settleMs: 48 * HOUR, reachMs: 48 * HOUR }, { since: START }),
  );
  const all: Piece[] = Array.from({ length: 80 }, (_, day) => {
    const at = START + day * DAY + 5 * HOUR;
    return { at, knownAt: at, resource: 'a', units: 1 };
  });
  for (let day = 0; day < 80; day += 1) {
    const start = START + day * DAY;
    bench.apply(told(all, 'minute', { start, end: start + DAY }, start + DAY), start + DAY);
    bench.ledger.maintain(start + DAY);
  }
  const now = START + 80 * DAY;
  const [stream] = bench.state.streams.values();
  assert.equal(stream?.closedBefore, utc('2026-11-01'));
  assert.ok(bench.state.compacted(stream.id).length > 0);
  const before = bench.values(now);
  const october = { start: utc('2026-10-20'), end: utc('2026-10-21') };
  const refund = [cost(october.start, 'a', -50)];
  assert.deepEqual(bench.apply(statement('minute', october, now, refund), now).late, [october]);
  const hours = { start: utc('2026-11-20T05:00'), end: utc('2026-11-20T06:00') };
  assert.deepEqual(bench.apply(statement('minute', hours, now + 1), now + 1).late, [hours]);
  const money = (values: Map<string, number>) => [...values].filter(([key]) => key.includes('_cost_'));
  assert.deepEqual(money(bench.values(now)), money(before));
  // A whole day is taken, though it was compacted: it is not closed.
  const day = { start: utc('2026-11-20'), end: utc('2026-11-21') };
  assert.deepEqual(bench.apply(statement('minute', day, now + 2), now + 2).late, []);
  assert.equal(bench.value('ai_billing_cost_corrections_usd_total', 'a', now + 2), 1);
  assertLaw(bench, ['minute']);
  bench.ledger.close();
});

test('compaction: a compacted day keeps its newest as-of, so that no older reading replaces it', () => {
  const bench = openBench(settings({ settleMs: 24 * HOUR, reachMs: 24 * HOUR }, { since: START }));
  const day = { start: START, end: START + DAY };
  const noon = START + DAY / 2;
  const late = day.end + 3 * DAY;
  bench.apply(statement('hour', { start: START, end: noon }, day.end + 2 * DAY, [cost(START, 'a', 1)]));
  bench.apply(statement('hour', { start: noon, end: day.end }, late, [cost(noon, 'a', 2)]));
  const [stream] = bench.state.streams.keys();
  bench.ledger.maintain(late + DAY);
  assert.deepEqual(bench.state.compacted(stream ?? 0), [day]);
  const before = bench.values(late);
  bench.apply(statement('hour', day, late - 1, [cost(noon, 'a', 50)]), late + 1);
  for (const [key, value] of bench.values(late))
    if (key.includes('_cost_')) assert.equal(value, before.get(key));
  assertLaw(bench, ['hour']);
  bench.ledger.close();
});

test('compaction: a day that was not read again after it settled waits a week', () => {
  const bench = openBench(settings({ settleMs: 24 * HOUR, reachMs: 24 * HOUR }, { since: START }));
  const day = { start: START, end: START + DAY };
  bench.apply(statement('hour', day, day.end + HOUR, [cost(START, 'a', 1)]));
  const [stream] = bench.state.streams.keys();
  const settled = day.end + DAY;
  bench.ledger.maintain(settled + 7 * DAY - 1);
  assert.deepEqual(bench.state.compacted(stream ?? 0), []);
  bench.ledger.maintain(settled + 7 * DAY);
  assert.deepEqual(bench.state.compacted(stream ?? 0), [day]);
  bench.ledger.close();
});
