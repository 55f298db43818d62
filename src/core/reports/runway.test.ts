import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Bench,
  cost,
  openBench,
  SLIDING,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { fromNumber } from '../values/money.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';

const NOON = utc('2026-11-20T12:00');
const RUNWAY = 'ai_billing_runway_seconds|test|prod';

/** What a feed says that the account holds. */
function hold({ ledger, account }: Bench, balances: Readonly<Record<string, number>>): void {
  const observations = Object.entries(balances).map(([currency, dollars]) => ({
    ...{ metric: 'balance' as const, labels: { currency }, value: fromNumber(dollars) },
  }));
  const nothing = { reconciliation: undefined, state: undefined, notes: undefined };
  ledger.recordPoll({ account, feed: 'balance' }, { at: NOON, observations, ...nothing });
}

function spend(start: Instant, end: Instant, dollars: number, more: Partial<Charge> = {}): Charge[] {
  return Array.from({ length: (end - start) / HOUR }, (_, index) =>
    cost(start + index * HOUR, 'a', dollars, more),
  );
}

function read(bench: Bench, start: Instant, end: Instant, lines: readonly Charge[], asOf = end): void {
  bench.apply(statement('hour', { start, end }, asOf, lines), asOf);
}

describe('runway', () => {
  test('is the balance over the spend of the last 24 hours, including corrections and top-ups', () => {
    const bench = openBench(settings());
    read(bench, NOON - 48 * HOUR, NOON, [
      ...spend(NOON - 48 * HOUR, NOON - DAY, 1000),
      ...spend(NOON - DAY, NOON, 0.5),
    ]);
    assert.equal(bench.values(NOON).get(RUNWAY), undefined, 'no balance is known');
    hold(bench, { USD: 36 });
    assert.equal(bench.values(NOON).get(RUNWAY), 3 * 86_400);
    hold(bench, { USD: 24, BUNDLED_CREDITS: 24 });
    assert.equal(bench.values(NOON).get(RUNWAY), 4 * 86_400);
    read(bench, NOON - HOUR, NOON, [cost(NOON - HOUR, 'a', -5.5)], NOON + 1);
    assert.equal(bench.values(NOON).get(RUNWAY), 8 * 86_400);
    bench.ledger.close();
  });

  test('excludes refilling currencies from balance and spend', () => {
    const bench = openBench(settings());
    const lines = [
      ...spend(NOON - DAY, NOON, 1),
      ...spend(NOON - DAY, NOON, 5, { detail: 'DIEM', resource: 'b' }),
    ];
    read(bench, NOON - DAY, NOON, lines);
    hold(bench, { USD: 12, DIEM: 1000 });
    assert.equal(bench.values(NOON).get(RUNWAY), 43_200);
    hold(bench, { DIEM: 1000 });
    assert.equal(bench.values(NOON).get(RUNWAY), undefined);
    bench.ledger.close();
  });

  test('is absent without spend, with more refunds than spend, with a gap and long after the readings ended', () => {
    const bench = openBench(settings());
    hold(bench, { USD: 12 });
    read(bench, NOON - DAY, NOON - HOUR, []);
    assert.equal(bench.values(NOON).get(RUNWAY), undefined, 'nothing was spent');
    read(bench, NOON - 30 * HOUR, NOON - 26 * HOUR, spend(NOON - 30 * HOUR, NOON - 26 * HOUR, 1));
    read(bench, NOON - HOUR, NOON, [cost(NOON - HOUR, 'a', 1)], NOON + 1);
    assert.equal(bench.values(NOON + 1).get(RUNWAY), 12 * 86_400);
    assert.equal(bench.values(NOON + 3 * HOUR).get(RUNWAY), undefined, 'the readings ended');
    read(bench, NOON - HOUR, NOON, [cost(NOON - HOUR, 'a', -1)], NOON + 2);
    assert.equal(bench.values(NOON + 2).get(RUNWAY), undefined, 'money came back');
    bench.ledger.close();

    const holed = openBench(settings());
    hold(holed, { USD: 12 });
    read(holed, NOON - DAY, NOON - HOUR, spend(NOON - DAY, NOON - HOUR, 1));
    read(holed, NOON, NOON + HOUR, spend(NOON, NOON + HOUR, 1));
    assert.equal(holed.values(NOON + HOUR).get(RUNWAY), undefined, 'one hour was not read');
    read(holed, NOON - HOUR, NOON, spend(NOON - HOUR, NOON, 1), NOON + HOUR + 1);
    assert.equal(holed.values(NOON + HOUR + 1).get(RUNWAY), 43_200);
    holed.ledger.close();
  });

  test('uses the last 24 hours that were read, however late the provider bills them', () => {
    const lagMs = 32 * HOUR;
    const bench = openBench(settings({ lagMs }));
    const end = NOON - 30 * HOUR;
    bench.apply(statement('hour', { start: end - DAY, end }, NOON, spend(end - DAY, end, 1)), NOON);
    hold(bench, { USD: 24 });
    assert.equal(bench.values(NOON).get(RUNWAY), 86_400);
    bench.ledger.maintain(NOON);
    bench.reopen();
    assert.equal(bench.values(NOON).get(RUNWAY), 86_400, 'after upkeep and a restart');
    bench.ledger.close();
  });

  test('is 0 once nothing is left', () => {
    const bench = openBench(settings());
    read(bench, NOON - DAY, NOON, spend(NOON - DAY, NOON, 1));
    hold(bench, { USD: -0.5 });
    assert.equal(bench.values(NOON).get(RUNWAY), 0);
    bench.ledger.close();
  });

  test('counts an open bucket as a part', () => {
    const bench = openBench(settings({ granularities: ['minute'] }));
    hold(bench, { USD: 60 });
    const end = NOON + MINUTE;
    const charges = Array.from({ length: 1440 }, (_, index) => cost(NOON - DAY + index * MINUTE, 'a', 1));
    const asOf = NOON + MINUTE / 2;
    bench.apply(
      statement('minute', { start: NOON - DAY, end }, asOf, [...charges, cost(NOON, 'a', 0.5)]),
      asOf,
    );
    assert.equal(bench.values(asOf).get(RUNWAY), 3600);
    bench.ledger.close();
  });

  test('counts each amount once across granularities, but needs hours', () => {
    const bench = openBench(settings(SLIDING));
    hold(bench, { USD: 48 });
    const days = { start: utc('2026-11-18'), end: utc('2026-11-21') };
    const daily = [0, 1, 2].map((day) => cost(days.start + day * DAY, 'a', day === 2 ? 12 : 24));
    bench.apply(statement('day', days, NOON, daily), NOON);
    assert.equal(bench.values(NOON).get(RUNWAY), undefined);
    const few = { start: NOON - DAY + 2 * HOUR, end: NOON };
    bench.apply(statement('hour', few, NOON + 1, spend(few.start, few.end, 1)), NOON + 1);
    assert.equal(bench.values(NOON + 1).get(RUNWAY), undefined, 'two hours are not known');
    const most = { start: NOON - DAY + HOUR, end: NOON };
    bench.apply(statement('hour', most, NOON + 1, spend(most.start, most.end, 1)), NOON + 1);
    assert.equal(bench.values(NOON + 1).get(RUNWAY), 2 * 86_400, 'one hour is, as the provider shows them');
    const hours = { start: NOON - DAY, end: NOON };
    bench.apply(statement('hour', hours, NOON + 1, spend(hours.start, hours.end, 1)), NOON + 1);
    assert.equal(bench.values(NOON + 1).get(RUNWAY), 2 * 86_400);
    const minutes = { start: NOON - HOUR, end: NOON };
    bench.apply(statement('minute', minutes, NOON + 2, [cost(NOON - MINUTE, 'a', 25)]), NOON + 2);
    assert.equal(bench.values(NOON + 2).get(RUNWAY), 86_400, 'the last hour is what its minutes say');
    bench.ledger.close();
  });
});
