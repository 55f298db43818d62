import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, openBench, SLIDING, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND, startOfDay } from '../values/time.ts';

const B = utc('2026-11-10T13:37:21');
const TOTAL = 'ai_billing_cost_usd_total';

/** A new app in the open minute, as a reading of each granularity tells it. */
function minutes(asOf: Instant, dollars?: number) {
  const start = utc('2026-11-10T13:37');
  const charges = dollars === undefined ? [] : [cost(start, 'new', dollars)];
  return statement('minute', { start: start - 37 * MINUTE, end: start + MINUTE }, asOf, charges);
}

function hours(asOf: Instant, dollars?: number) {
  const start = utc('2026-11-10T13:00');
  const charges = dollars === undefined ? [] : [cost(start, 'new', dollars)];
  return statement('hour', { start, end: start + HOUR }, asOf, charges);
}

test('zero-hold: a series that first appears in a coarser reading starts at 0', () => {
  const bench = openBench(settings(SLIDING));
  bench.apply(minutes(B));
  bench.apply(hours(B + SECOND));
  bench.apply(hours(B + 5 * SECOND, 3));
  bench.apply(minutes(B + 6 * SECOND, 3));

  bench.ledger.expireZeroHolds(B + 7 * SECOND, 0);
  assert.equal(bench.value(TOTAL, 'new', B + 7 * SECOND), 0);
  bench.ledger.markDelivered(1);
  bench.ledger.expireZeroHolds(B + 8 * SECOND, 0);
  assert.equal(bench.value(TOTAL, 'new', B + 8 * SECOND), 3);
});

test('zero-hold: a series from history starts at 0 unless a reader has seen it', () => {
  const bench = openBench(settings(SLIDING));
  bench.apply(minutes(B));
  const yesterday = startOfDay(B) - DAY;
  const range = { start: yesterday, end: yesterday + DAY };
  bench.apply(statement('day', range, B + SECOND, [cost(yesterday, 'new', 9)]));
  bench.apply(minutes(B + 2 * SECOND, 3));

  bench.ledger.expireZeroHolds(B + 3 * SECOND, 0);
  assert.equal(bench.value(TOTAL, 'new', B + 3 * SECOND), 0);
  bench.ledger.markDelivered(1);
  bench.ledger.expireZeroHolds(B + 4 * SECOND, 0);
  assert.equal(bench.value(TOTAL, 'new', B + 4 * SECOND), 3);
});
