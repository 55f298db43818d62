import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cost,
  openBench,
  SLIDING,
  settings,
  statement,
  twoStreams,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';
import { audit } from './audit.ts';

const NOON = utc('2026-11-20T12:00');
const TOTAL = 'ai_billing_cost_usd_total';
const TODAY = 'ai_billing_cost_today_usd';
const THROUGH = 'ai_billing_data_through_timestamp_seconds';
const hours = (from: Instant, count: number) => ({ start: from, end: from + count * HOUR });

/** Two readings: one of the hour before noon, by a right clock or by none, and one under a clock that was ahead. */
function ahead(by: number, before: 'credible' | 'none') {
  const bench = openBench(settings());
  if (before === 'credible')
    bench.apply(statement('hour', hours(NOON - 2 * HOUR, 2), NOON - HOUR, [cost(NOON - 2 * HOUR, 'a', 3)]));
  const wrong = NOON + by;
  const range = { start: NOON - 2 * HOUR, end: wrong + HOUR };
  bench.apply(statement('hour', range, wrong, [cost(NOON - 2 * HOUR, 'a', 3)]), wrong);
  return bench;
}

for (const [title, by] of [
  ['2 hours', 2 * HOUR],
  ['40 days', 40 * DAY],
] as const) {
  for (const before of ['credible', 'none'] as const) {
    test(`clock repair: a clock ${title} ahead, ${before} readings before: the past is read again and counts`, () => {
      const bench = ahead(by, before);
      const { account } = bench;
      bench.ledger.repairClock(account, NOON);
      const { ledger } = bench;
      assert.ok(ledger.lastAsOf(account) <= NOON);
      assert.ok((bench.state.streamOf(account, 'usage')?.baseline ?? 0) <= NOON);
      assert.deepEqual(ledger.coverage(account, 'usage', 'hour').gaps(hours(NOON, 3)), [hours(NOON, 3)]);
      const through = bench.values(NOON).get(`${THROUGH}|test|prod|usage`);
      assert.ok(through === undefined || through <= NOON / 1000);
      bench.apply(
        statement('hour', hours(NOON - 2 * HOUR, 4), NOON + HOUR, [
          cost(NOON - 2 * HOUR, 'a', 3),
          cost(NOON, 'a', 7),
        ]),
      );
      assert.equal(bench.value(TOTAL, 'a', NOON + HOUR), 7);
      assert.equal(bench.value(TODAY, 'a', NOON + HOUR), undefined, 'the day is not read from its start');
      bench.reopen();
      bench.ledger.repairClock(account, NOON + HOUR);
      assert.equal(bench.value(TOTAL, 'a', NOON + HOUR), 7);
      bench.ledger.close();
    });
  }
}

test('clock repair: a statement under way during the repair is older than later ones', () => {
  const bench = ahead(2 * HOUR, 'credible');
  bench.ledger.repairClock(bench.account, NOON);
  const range = hours(NOON, 1);
  bench.apply(statement('hour', range, NOON + 1, [cost(NOON, 'a', 5)]));
  bench.apply(statement('hour', range, NOON + 2 * HOUR, [cost(NOON, 'a', 4)]), NOON + 2);
  assert.equal(bench.value(TOTAL, 'a', NOON + HOUR), 5);
  bench.ledger.close();
});

test('clock repair: a clock that was not set leaves no baseline of 1970', () => {
  const bench = openBench(settings());
  const early = 5 * MINUTE;
  bench.apply(statement('hour', { start: 0, end: HOUR }, early), early);
  bench.ledger.repairClock(bench.account, NOON);
  assert.equal(bench.state.streamOf(bench.account, 'usage')?.baseline, undefined);
  bench.apply(statement('hour', hours(NOON - HOUR, 1), NOON, [cost(NOON - HOUR, 'a', 3)]));
  assert.equal(bench.value(TOTAL, 'a', NOON), 0, 'what was spent before is the baseline');
  assert.ok(bench.ledger.since(bench.account, 'usage', NOON) >= utc('2026-10-01'));
  bench.ledger.close();
});

test('clock repair: a stream that was read by no clock draws its baseline again, whatever others have read', () => {
  const bench = openBench(twoStreams());
  const second = (asOf: Instant) => ({
    ...statement('hour', hours(NOON - HOUR, 1), asOf, [cost(NOON - HOUR, 'b', 3)]),
    stream: 'second',
  });
  const early = 5 * MINUTE;
  bench.apply({ ...second(early), range: { start: 0, end: HOUR }, charges: [] }, early);
  bench.apply(statement('hour', hours(NOON - HOUR, 1), NOON - 1, [cost(NOON - HOUR, 'a', 3)]));
  bench.ledger.repairClock(bench.account, NOON);
  const baselines = () => [...bench.state.streams.values()].map(({ name, baseline }) => [name, baseline]);
  assert.deepEqual(baselines(), [
    ['second', undefined],
    ['usage', NOON - 1],
  ]);
  bench.apply(second(NOON + 1));
  assert.equal(bench.value(TOTAL, 'b', NOON + 1), 0);
  bench.ledger.close();
});

test('clock repair: counters, windows and cells of several granularities agree before and after', () => {
  const own = settings(SLIDING);
  const bench = openBench(own);
  const wrong = NOON + 40 * DAY;
  const read = (asOf: Instant) => {
    const charges = [cost(NOON - HOUR, 'a', 3)];
    bench.apply(statement('minute', hours(NOON - HOUR, 1), asOf, charges), asOf);
    bench.apply(
      statement('hour', hours(NOON - 12 * HOUR, 12), asOf + 1, [cost(NOON - 2 * HOUR, 'a', 4), ...charges]),
      asOf,
    );
    bench.apply(
      statement('day', { start: NOON - 12 * HOUR, end: NOON + 12 * HOUR }, asOf + 2, [
        cost(NOON - 12 * HOUR, 'a', 7),
      ]),
      asOf,
    );
  };
  const wrongs = () => audit({ state: bench.state, store: bench.store, settingsOf: () => own.streams[0] });
  read(NOON);
  read(wrong);
  assert.deepEqual(wrongs(), []);
  bench.ledger.repairClock(bench.account, NOON + 3);
  assert.deepEqual(wrongs(), []);
  read(NOON + MINUTE);
  assert.deepEqual(wrongs(), []);
  assert.equal(bench.value(TODAY, 'a', NOON + MINUTE), 7);
  bench.ledger.close();
});

test('clock repair: a correct clock changes nothing', () => {
  const bench = openBench(settings());
  bench.apply(statement('hour', hours(NOON - HOUR, 1), NOON, [cost(NOON - HOUR, 'a', 3)]));
  const before = bench.state.readings(1, 'hour', 'current');
  bench.failNextCommit();
  bench.ledger.repairClock(bench.account, NOON);
  assert.deepEqual(bench.state.readings(1, 'hour', 'current'), before);
  bench.ledger.close();
});
