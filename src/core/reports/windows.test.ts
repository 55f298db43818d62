import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Bench,
  cost,
  openBench,
  SLIDING,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';
import { WINDOWS } from './windows.ts';

const NOON = utc('2026-11-20T12:00');
const MONTH = utc('2026-11-01');

/** What is shown of each window, in the order of {@link WINDOWS}. */
function shown(bench: Bench, now: Instant, resource = 'a'): (number | undefined)[] {
  return WINDOWS.map((window) => bench.value(`ai_billing_cost_${window}_usd`, resource, now));
}

/** A dollar an hour. */
const spend = (start: Instant, end: Instant) =>
  Array.from({ length: (end - start) / HOUR }, (_, index) => cost(start + index * HOUR, 'a', 1));

const read = (bench: Bench, start: Instant, end: Instant, now = end) =>
  bench.apply(statement('hour', { start, end }, now, spend(start, end)), now);

test('windows: gauges are absent while there is a gap, and appear once it has been read', () => {
  const bench = openBench(settings({}, { since: utc('2026-10-01') }));
  read(bench, NOON - 6 * HOUR, NOON);
  assert.deepEqual(shown(bench, NOON), [undefined, undefined, undefined, undefined]);
  read(bench, NOON - 12 * HOUR, NOON - 7 * HOUR, NOON + 1);
  assert.deepEqual(shown(bench, NOON), [undefined, undefined, undefined, undefined]);
  read(bench, NOON - 7 * HOUR, NOON - 6 * HOUR, NOON + 2);
  assert.deepEqual(shown(bench, NOON), [12, undefined, undefined, undefined]);
  read(bench, NOON - 36 * HOUR, NOON - 12 * HOUR, NOON + 3);
  assert.deepEqual(shown(bench, NOON), [12, 24, undefined, undefined]);
  read(bench, MONTH, NOON, NOON + 4);
  assert.deepEqual(shown(bench, NOON), [12, 24, 19 * 24 + 12, undefined]);
  read(bench, utc('2026-10-01'), MONTH, NOON + 5);
  bench.reopen();
  assert.deepEqual(shown(bench, NOON), [12, 24, 19 * 24 + 12, 31 * 24]);
  bench.ledger.close();
});

test('windows: a window that begins before since is shown from since on', () => {
  const bench = openBench(settings({}, { since: NOON - 2 * DAY }));
  read(bench, NOON - 2 * DAY, NOON);
  assert.deepEqual(shown(bench, NOON), [12, 24, 48, undefined]);
  bench.ledger.close();
});

test('windows: at midnight today becomes yesterday, at the end of the month this month becomes the last, and new windows are 0', () => {
  const bench = openBench(settings({}, { since: utc('2026-10-01') }));
  const end = utc('2026-12-01');
  read(bench, utc('2026-10-01'), end - HOUR);
  assert.deepEqual(shown(bench, end - 1), [23, 24, 30 * 24 - 1, 31 * 24]);
  assert.deepEqual(shown(bench, end), [0, 23, 0, 30 * 24 - 1]);
  read(bench, end - HOUR, end, end + 20 * MINUTE);
  assert.deepEqual(shown(bench, end + 20 * MINUTE), [0, 24, 0, 30 * 24]);
  bench.ledger.close();
});

test('windows: after a long outage unread and partly read days are absent', () => {
  const bench = openBench(settings({}, { since: utc('2026-10-01') }));
  read(bench, utc('2026-10-01'), NOON);
  const night = NOON + 12 * HOUR;
  assert.deepEqual(shown(bench, night + 15 * HOUR), [undefined, undefined, 19 * 24 + 12, 31 * 24]);
  assert.deepEqual(shown(bench, night + 2 * DAY), [undefined, undefined, 19 * 24 + 12, 31 * 24]);
  bench.ledger.close();
});

test('windows: a new window is 0 while the readings may lag, and unknown once they are late', () => {
  const bench = openBench(settings({}, { since: utc('2026-10-01') }));
  const end = utc('2026-12-01');
  read(bench, utc('2026-10-01'), end - HOUR);
  assert.deepEqual(shown(bench, end + HOUR), [0, 23, 0, 30 * 24 - 1]);
  assert.deepEqual(shown(bench, end + HOUR + 1), [undefined, 23, undefined, 30 * 24 - 1]);
  read(bench, end - HOUR, end + 2 * HOUR);
  assert.deepEqual(shown(bench, end + 20 * HOUR), [2, 24, 2, 30 * 24], 'what was read stays');
  bench.ledger.close();
});

test('windows: a day that was last read while open is incomplete once it is over', () => {
  const bench = openBench(settings(SLIDING, { since: NOON - 30 * DAY }));
  const [midnight, back] = [NOON - 12 * HOUR, NOON + DAY];
  const days = { start: midnight - 29 * DAY, end: midnight + DAY };
  bench.apply(statement('day', days, NOON, [cost(midnight, 'a', 12)]));
  bench.apply(statement('hour', { start: NOON - DAY, end: NOON }, NOON + 1, spend(midnight, NOON)));
  assert.equal(shown(bench, NOON + 2)[0], 12);
  // A day later: the hours of yesterday afternoon up to one o'clock are in no reading.
  bench.apply(statement('hour', { start: back - 23 * HOUR, end: back }, back, spend(back - 23 * HOUR, back)));
  assert.deepEqual(shown(bench, back).slice(0, 2), [12, undefined]);
  bench.apply(
    statement('day', { start: days.start, end: back + 12 * HOUR }, back + 1, [
      cost(midnight, 'a', 24),
      cost(midnight + DAY, 'a', 12),
    ]),
  );
  assert.deepEqual(shown(bench, back).slice(0, 2), [12, 24]);
  bench.ledger.close();
});

test('windows: a provider clock ahead of ours hides no window and lowers no counter', () => {
  const bench = openBench(settings({ granularities: ['minute'] }, { since: NOON - DAY }));
  const ahead = 5 * MINUTE;
  let before = 0;
  for (let at = NOON; at < NOON + HOUR; at += 90_000) {
    const end = Math.ceil((at + ahead) / MINUTE) * MINUTE;
    const lines = [
      cost(NOON - HOUR, 'a', 1),
      cost(end - MINUTE, 'b', 0.5),
      cost(NOON, 'a', (at - NOON) / MINUTE),
    ];
    bench.apply(statement('minute', { start: NOON - DAY, end }, at, lines));
    assert.notEqual(bench.value('ai_billing_cost_today_usd', 'a', at), undefined);
    const total = bench.value('ai_billing_cost_usd_total', 'a', at) ?? 0;
    assert.ok(total >= before);
    before = total;
  }
  assert.equal(bench.value('ai_billing_cost_corrections_usd_total', 'a', NOON + HOUR), 0);
  bench.ledger.close();
});

test('windows: a clock stepping back keeps later readings and lowers nothing', () => {
  const bench = openBench(settings({}, { since: NOON - DAY }));
  read(bench, NOON - DAY, NOON);
  read(bench, NOON, NOON + 3 * HOUR);
  const values = bench.values(NOON + 3 * HOUR);
  bench.reopen();
  bench.apply(statement('hour', { start: NOON, end: NOON + HOUR }, NOON + HOUR, []), NOON + HOUR);
  for (const [key, value] of bench.values(NOON + 3 * HOUR)) {
    if (key.includes('_cost_')) assert.equal(value, values.get(key), key);
  }
  bench.ledger.maintain(NOON - 40 * DAY);
  assert.equal(bench.value('ai_billing_cost_today_usd', 'a', NOON + 3 * HOUR), 15);
  bench.ledger.close();
});

test('windows: a window that was over before since is unknown, not 0', () => {
  const bench = openBench(settings({}, { since: utc('2026-11-20') }));
  read(bench, utc('2026-11-20'), NOON);
  assert.deepEqual(shown(bench, NOON), [12, undefined, 12, undefined]);
  bench.ledger.close();
});
