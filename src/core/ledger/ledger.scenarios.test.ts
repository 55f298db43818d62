import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cost,
  OPENED,
  openBench,
  Refused,
  settings,
  statement,
  twoStreams,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { DEFAULT_RATES } from '../../providers/index.ts';
import type { Charge } from '../statement/statement.ts';
import { constantRate } from '../values/exchange-rates.ts';
import { fromNumber, ONE, parseDecimal } from '../values/money.ts';
import { DAY, HOUR, MINUTE, startOfDay } from '../values/time.ts';

const TOTAL = 'ai_billing_cost_usd_total';
const CORRECTIONS = 'ai_billing_cost_corrections_usd_total';
const UNCONVERTED = 'ai_billing_unconverted_amount_total';
const hour = (at: number) => ({ start: at, end: at + HOUR });

test('ledger: history read newest first, with failures, moves no counter', () => {
  const bench = openBench(
    settings({ settleMs: 24 * HOUR, reachMs: 24 * HOUR }, { since: utc('2026-10-01') }),
  );
  const now = utc('2026-11-21T12:20');
  bench.apply(
    statement('hour', hour(utc('2026-11-21T11:00')), now, [cost(utc('2026-11-21T11:00'), 'job', 1)]),
  );
  let clock = now;
  for (let index = 1; index <= 1236; index += 1) {
    const start = utc('2026-11-21T11:00') - index * HOUR;
    clock += 3700;
    // Half of the hours name resources that nobody has met before.
    const charges = [cost(start, 'job', 0.25), cost(start, `job-${index % 50}`, index)];
    const given = statement('hour', hour(start), clock, charges);
    if (index % 7 === 0) {
      bench.failNextCommit();
      assert.throws(() => bench.apply(given, clock), Refused);
      clock += MINUTE;
      bench.apply({ ...given, asOf: clock }, clock);
    } else bench.apply(given, clock);
    if (index % 400 === 0) bench.reopen();
  }
  for (const [key, value] of bench.values(clock)) {
    if (key.startsWith(TOTAL) || key.startsWith(CORRECTIONS)) assert.equal(value, 0, key);
  }
  assert.equal(bench.value('ai_billing_cost_month_to_date_usd', 'job', clock), 1 + 0.25 * (20 * 24 + 11));
  assert.equal(bench.value('ai_billing_cost_last_month_usd', 'job', clock), 0.25 * 31 * 24);
  bench.ledger.close();
});

test('ledger: a second stream counts nothing from before its own first reading', () => {
  const bench = openBench(twoStreams());
  const noon = utc('2026-11-20T12:00');
  const read = (stream: string, resource: string, at: number, dollars: number) =>
    bench.apply({
      ...statement('hour', hour(at - HOUR), at, [cost(at - HOUR, resource, dollars)]),
      stream,
    });
  read('usage', 'early', noon, 1);
  read('usage', 'early', noon + DAY, 2);
  read('second', 'late', noon + DAY - HOUR, 30);
  read('second', 'late', noon + DAY, 40);
  read('second', 'late', noon + HOUR, 50);
  const totals = ['early', 'late'].map((resource) => bench.value(TOTAL, resource, noon + DAY));
  assert.deepEqual(totals, [2, 40]);
  bench.ledger.close();
});

test('ledger: a slow 48-hour read does not replace newer readings', () => {
  const bench = openBench(settings({ granularities: ['minute'] }));
  const at = utc('2026-11-20T10:00');
  bench.apply(statement('minute', { start: at - 48 * HOUR, end: at }, at, [cost(at - HOUR, 'm', 1)]));
  bench.apply(
    statement('minute', { start: at - MINUTE, end: at + 5 * MINUTE }, at + 5 * MINUTE, [cost(at, 'm', 7)]),
  );
  const slow = statement('minute', { start: at - 48 * HOUR, end: at + 3 * MINUTE }, at + 2 * MINUTE, [
    cost(at - HOUR, 'm', 1),
    cost(at, 'm', 3),
  ]);
  const before = bench.values(at + 6 * MINUTE);
  bench.apply(slow, at + 6 * MINUTE);
  const money = (all: Map<string, number>) => [...all].filter(([key]) => key.includes('_cost_'));
  assert.deepEqual(money(bench.values(at + 6 * MINUTE)), money(before));
  bench.ledger.close();
});

test('ledger: overlapping reads at the end of a month count nothing twice', () => {
  const bench = openBench(settings({ granularities: ['day'], settleMs: 31 * DAY, reachMs: 31 * DAY }));
  const spend = (from: number, to: number) =>
    Array.from({ length: (to - from) / DAY }, (_, index) => cost(from + index * DAY, 'd', 10));
  let clock = utc('2026-10-29T09:00');
  for (; clock < utc('2026-11-03'); clock += 6 * HOUR) {
    const today = startOfDay(clock);
    const month = Math.max(utc('2026-11-01'), clock < utc('2026-11-01') ? utc('2026-10-01') : 0);
    const end = today + DAY;
    bench.apply(statement('day', { start: today - 30 * DAY, end }, clock, spend(today - 30 * DAY, end)));
    bench.apply(statement('day', { start: month, end }, clock + 1, spend(month, end)));
  }
  // Baseline: everything up to the 29th. Since then the 30th, the 31st, the 1st and the 2nd.
  assert.equal(bench.value(TOTAL, 'd', clock - HOUR), 40);
  assert.equal(bench.value(CORRECTIONS, 'd', clock - HOUR), 0);
  assert.equal(bench.value('ai_billing_cost_month_to_date_usd', 'd', clock - HOUR), 20);
  assert.equal(bench.value('ai_billing_cost_last_month_usd', 'd', clock - HOUR), 310);
  bench.ledger.close();
});

test('ledger: a renamed model or tier moves no money', () => {
  const bench = openBench(settings());
  const at = utc('2026-11-20T10:00');
  const charge = (start: number, model: string, tier: string) => cost(start, 'dep', 2, { model, tier });
  const facts = (name: string) => [{ resource: 'dep', name }];
  bench.apply(statement('hour', hour(at), at + HOUR, [charge(at, 'old', 'a')]), at + HOUR, facts('before'));
  const later = at + 3 * HOUR;
  const charges = [charge(at, 'new', 'b'), charge(at + HOUR, 'new', 'b')];
  bench.apply(statement('hour', { start: at, end: at + 2 * HOUR }, later, charges), later, facts('after'));
  const shown = [...bench.values(later)].filter(([key]) => key.includes('_cost_') || key.includes('_info'));
  const series = (name: string) => `${name}|test|prod|dep|old|a|USD`;
  const of = Object.fromEntries(shown);
  assert.equal(of[series(TOTAL)], 2);
  assert.equal(of[series(CORRECTIONS)], 0);
  assert.equal(of[series('ai_billing_cost_today_usd')], undefined, 'the hours before ten were not read');
  assert.equal(of['ai_billing_resource_info|test|prod|dep|after||||||'], 1);
  assert.ok(!JSON.stringify(of).includes('new'));
  bench.ledger.close();
});

test('ledger: DIEM is a dollar, VCU a tenth, and a currency without a rate is never dollars', () => {
  const bench = openBench(settings());
  const at = utc('2026-11-20T10:00');
  bench.apply(statement('hour', hour(at - HOUR), at));
  const paid = (currency: string, dollars: number): Charge =>
    cost(at, 'm', dollars, { currency, detail: currency });
  const { unconverted } = bench.apply(
    statement('hour', hour(at), at + HOUR, [
      paid('DIEM', 1.5),
      paid('VCU', 1.5),
      paid('EUR', 9),
      paid('EUR', -2),
    ]),
  );
  bench.ledger.markDelivered(0);
  bench.values(at + HOUR);
  bench.ledger.markDelivered(1);
  bench.ledger.expireZeroHolds(at + 2 * HOUR, MINUTE);
  const values = bench.values(at + 2 * HOUR);
  assert.equal(values.get(`${TOTAL}|test|prod|m|||DIEM`), 1.5);
  assert.equal(values.get(`${TOTAL}|test|prod|m|||VCU`), 0.15);
  assert.equal(values.get(`${TOTAL}|test|prod|m|||EUR`), undefined);
  assert.equal(values.get(`${UNCONVERTED}|test|prod|EUR`), 7);
  assert.deepEqual([...unconverted], ['EUR']);
  bench.ledger.close();
});

test('ledger: an unconverted amount becomes dollars when its bucket is read after it got a rate', () => {
  const bench = openBench(settings());
  const at = utc('2026-11-20T10:00');
  const charges = [cost(at, 'm', 100, { currency: 'EUR', detail: 'EUR' })];
  bench.apply(statement('hour', hour(at - HOUR), at));
  bench.apply(statement('hour', hour(at), at + HOUR, charges));
  const rates = new Map([...DEFAULT_RATES, ['EUR', constantRate(fromNumber(1.08))] as const]);
  bench.ledger.openAccount(settings({}, { rates }), OPENED);
  bench.apply(statement('hour', hour(at), at + 2 * HOUR, charges));
  const [unconverted, dollars] = ['unconverted', 'cost'].map((measure) =>
    [...bench.state.series.values()].find((row) => row.measure === measure),
  );
  assert.deepEqual([unconverted?.total, unconverted?.corrections], [100n * ONE, 100n * ONE]);
  assert.deepEqual([dollars?.total, dollars?.corrections], [108n * ONE, 0n]);
  bench.ledger.close();
});

test('ledger: dated rates apply by the time of the bucket, whenever it is read', () => {
  const at = utc('2026-11-20');
  const rates = new Map([
    [
      'EUR',
      [
        { from: at, usd: ONE },
        { from: at + 12 * HOUR, usd: 2n * ONE },
      ],
    ],
  ]);
  const bench = openBench(settings({}, { rates }));
  const paid = (start: number) => cost(start, 'm', 5, { currency: 'EUR', detail: 'EUR' });
  const range = { start: at - HOUR, end: at + DAY };
  bench.apply(statement('hour', range, at + 2 * DAY, [at - HOUR, at + 11 * HOUR, at + 12 * HOUR].map(paid)));
  const values = bench.values(at + DAY - 1);
  // The day before has no rate: its amount is not in any window of dollars.
  assert.equal(values.get('ai_billing_cost_today_usd|test|prod|m|||EUR'), 15);
  assert.equal(values.get(`${UNCONVERTED}|test|prod|EUR`), 0, 'shown from its baseline on');
  bench.ledger.close();
});

test('ledger: cells of 50 million and sums of a billion dollars are exact', () => {
  const bench = openBench(settings({}, { since: utc('2026-11-01') }));
  const at = utc('2026-11-01');
  bench.apply(statement('hour', hour(at), at));
  const texts = ['50000000.123456789012', '49999999.999999999999', '0.000000000001'];
  const charges = Array.from({ length: 24 }, (_, index) => {
    const value = parseDecimal(texts[index % texts.length] ?? '');
    return { ...cost(at + index * HOUR, 'big', 0), value };
  });
  bench.apply(statement('hour', { start: at, end: at + DAY }, at + DAY, charges));
  bench.ledger.markDelivered(99);
  bench.ledger.expireZeroHolds(at + 2 * DAY, MINUTE);
  assert.equal(bench.value(TOTAL, 'big', at + DAY + HOUR), Number('800000000.987654312096'));
  const again = charges.map((charge) => ({ ...charge, value: charge.value + 10_000_000n * ONE }));
  bench.apply(statement('hour', { start: at, end: at + DAY }, at + DAY + 1, again));
  bench.reopen();
  assert.equal(bench.value(TOTAL, 'big', at + DAY + HOUR), Number('1040000000.987654312096'));
  assert.equal(bench.value('ai_billing_cost_yesterday_usd', 'big', at + DAY + HOUR), 1040000000.9876543);
  bench.ledger.close();
});
