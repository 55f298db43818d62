import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Bench,
  cost,
  netOf,
  openBench,
  SLIDING,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { fromNumber, ONE } from '../values/money.ts';
import {
  ceilTo,
  DAY,
  floorTo,
  type Granularity,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  sizeOf,
} from '../values/time.ts';

const B = utc('2026-11-10T13:37:21.345');

/** A tenth of a cent a millisecond, told to the millisecond. */
function spentWithin(range: Range, asOf: Instant): number {
  return Math.max(0, Math.min(range.end, asOf) - range.start);
}

/** What the provider answers for the last `lengthMs`, in buckets: the first one cut by the window is dropped, the last is open. */
function window(
  granularity: Granularity,
  lengthMs: number,
  asOf: Instant,
  apps: readonly string[] = ['app'],
) {
  const size = sizeOf(granularity);
  const range = { start: ceilTo(size, asOf - lengthMs), end: ceilTo(size, asOf) };
  const charges: Charge[] = [];
  for (let start = range.start; start < range.end; start += size) {
    for (const app of apps) {
      const value = (BigInt(spentWithin({ start, end: start + size }, asOf)) * ONE) / 1000n;
      charges.push({ ...cost(start, app, 0), value });
    }
  }
  return statement(granularity, range, asOf, charges);
}

const corrections = ({ state }: Bench) =>
  [...state.series.values()].map(({ resource, corrections: sum }) => ({ resource, sum }));

test('granularities: sliding windows over 10 days of steady spend correct exactly nothing', () => {
  const bench = openBench(settings(SLIDING));
  let last = B;
  for (const { at, turn } of turns(B, B + 10 * DAY)) {
    bench.apply(window('minute', HOUR, at));
    if (turn % 4 === 0) bench.apply(window('hour', DAY, at + 2));
    if (turn % 9 === 0) bench.apply(window('day', 30 * DAY, at + 3));
    if (turn % 50 === 0) bench.ledger.maintain(at);
    last = at;
  }
  assert.deepEqual(corrections(bench), [{ resource: 'app', sum: 0n }]);
  const net = netOf(bench.state).get('app') ?? 0n;
  const expected = (BigInt(last - B) * ONE) / 1000n;
  // The last coarser readings may be some ms ahead of the last minute reading.
  assert.ok(net >= expected && net <= expected + fromNumber(0.003), `${net} of ${expected}`);
  bench.ledger.close();
});

/** Half an hour by the minute, then 18 hours thinned, over and over: every hour of the day is met both ways. */
function* turns(start: Instant, end: Instant) {
  let turn = 0;
  for (let at = start; at < end; at += turn % 60 < 30 ? MINUTE : 37 * MINUTE) yield { at, turn: turn++ };
}

test('granularities: the order of the first readings does not matter', () => {
  const first = [window('minute', HOUR, B), window('hour', DAY, B + 400), window('day', 30 * DAY, B + 900)];
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    const bench = openBench(settings(SLIDING));
    for (const index of order) bench.apply(first[index] ?? assert.fail());
    for (let at = B + MINUTE; at < B + 2 * HOUR; at += MINUTE) {
      bench.apply(window('minute', HOUR, at));
      if (at % (10 * MINUTE) < MINUTE) bench.apply(window('hour', DAY, at + 1));
    }
    bench.apply(window('day', 30 * DAY, B + 2 * HOUR));
    bench.apply(window('hour', DAY, B + 2 * HOUR + 1));
    bench.apply(window('minute', HOUR, B + 2 * HOUR + 2));
    const [row] = corrections(bench);
    // Answers that overtake each other may take back what was spent between them, and no more.
    assert.ok((row?.sum ?? 0n) <= ONE, `corrections in order ${order}`);
    const net = netOf(bench.state).get('app') ?? 0n;
    const start = Math.min(...order.slice(0, 1).map((index) => first[index]?.asOf ?? 0));
    assert.ok(net >= (BigInt(B + 2 * HOUR - start) * ONE) / 1000n - 2n * ONE, `net ${net} in order ${order}`);
    assert.ok(
      net <= (BigInt(B + 2 * HOUR + 2 - start) * ONE) / 1000n + 2n * ONE,
      `net ${net} in order ${order}`,
    );
    bench.ledger.close();
  }
});

test('granularities: after a long downtime the next coarser reading catches up without corrections', () => {
  const bench = openBench(settings(SLIDING));
  for (const each of [window('minute', HOUR, B), window('hour', DAY, B + 1), window('day', 30 * DAY, B + 2)])
    bench.apply(each);
  const back = B + 5 * DAY;
  bench.apply(window('minute', HOUR, back));
  bench.apply(window('hour', DAY, back + 1));
  bench.apply(window('day', 30 * DAY, back + 2));
  assert.deepEqual(corrections(bench), [{ resource: 'app', sum: 0n }]);
  const net = netOf(bench.state).get('app') ?? 0n;
  assert.ok(net >= BigInt(back - B) * (ONE / 1000n) && net <= BigInt(back + 2 - B) * (ONE / 1000n));
  bench.ledger.close();
});

test('granularities: a null timeseries keeps stored amounts and adds nothing', () => {
  const bench = openBench(settings(SLIDING));
  const midnight = floorTo(DAY, B);
  const two = { start: midnight + 2 * HOUR, end: midnight + 3 * HOUR };
  const day = { start: midnight, end: midnight + DAY };
  bench.apply(statement('day', day, B, [cost(midnight, 'app', 5)]));
  bench.apply(
    statement('hour', { start: midnight, end: ceilTo(HOUR, B) }, B + 1, [cost(two.start, 'app', 5)]),
  );
  const before = bench.values(B + 3);
  const hours = { start: midnight - 10 * HOUR, end: ceilTo(HOUR, B) };
  const { keptTiers } = bench.apply(statement('hour', hours, B + MINUTE, [], ['']));
  assert.deepEqual([...keptTiers], ['']);
  const moved = [...bench.values(B + 3)].filter(
    ([key, value]) => key.includes('cost_') && before.get(key) !== value,
  );
  assert.deepEqual(moved, []);
  bench.ledger.close();
});
