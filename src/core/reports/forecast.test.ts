import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { fromNumber, toNumber, type Usd } from '../values/money.ts';
import { DAY, HOUR, type Instant, startOfDay, startOfMonth } from '../values/time.ts';
import { expectedSpend, type SpendHistory } from './forecast.ts';

/** A Monday. */
const TODAY = Date.UTC(2026, 5, 1);
const NOON = TODAY + 12 * HOUR;

/** Whole days up to that of `through`, in dollars. */
function historyOf(dollars: readonly number[], today = 0, through = NOON): SpendHistory {
  const amounts = dollars.map(fromNumber);
  return { days: daysOf(amounts, through), today: fromNumber(today), through };
}

function daysOf(amounts: readonly Usd[], through: Instant): SpendHistory['days'] {
  const first = startOfDay(through) - amounts.length * DAY;
  return amounts.map((usd, index) => ({ start: first + index * DAY, usd }));
}

function times(count: number, ...dollars: readonly number[]): number[] {
  return Array.from({ length: count }, () => dollars).flat();
}

/** Dollars of the rest of the day and of `days` more. */
function expected(history: SpendHistory, days: number): number | undefined {
  const usd = expectedSpend(history, startOfDay(history.through) + (1 + days) * DAY);
  return usd === undefined ? undefined : toNumber(usd);
}

test('forecast: is within 2 % for a steady spend on the tenth of any month, however much of the day is spent by noon', () => {
  for (let month = 0; month < 12; month += 1) {
    const start = Date.UTC(2027, month, 1);
    const end = startOfMonth(start, 1);
    const through = start + 9 * DAY + 12 * HOUR;
    for (const before of [0, 3, 10, 31]) {
      for (const partSpent of [0, 0.2, 0.5, 0.8, 1]) {
        const today = 100 * partSpent;
        const history = historyOf(times(before + 9, 100), today, through);
        const rest = toNumber(expectedSpend(history, end) ?? 0n);
        const total = (100 * (end - start)) / DAY;
        assert.ok(
          Math.abs(900 + today + rest - total) <= 0.02 * total,
          `${month + 1} ${before} ${today} ${rest}`,
        );
      }
    }
  }
});

test('forecast: is undefined for less than a day of history', () => {
  assert.equal(expectedSpend(historyOf([], 23, TODAY + DAY - 1), TODAY + DAY), undefined);
  assert.equal(expectedSpend(historyOf([24], 0, TODAY + DAY), TODAY + 3 * DAY), fromNumber(48));
});

const CASES: readonly { about: string; days: number[]; today?: number; next: number; rest: number }[] = [
  { about: 'no spend', days: times(20, 0), next: 10, rest: 0 },
  { about: 'one day is all there is', days: [7], next: 2, rest: 21 },
  { about: 'two days, of which none is known to be odd', days: [5, 9], next: 0, rest: 7 },
  { about: 'a spike among three days', days: [10, 500, 10], next: 3, rest: 40 },
  { about: 'a spike yesterday', days: [...times(13, 10), 500], next: 9, rest: 100 },
  {
    about: 'two spikes in four weeks',
    days: [...times(9, 10), 500, ...times(17, 10), 900],
    next: 9,
    rest: 100,
  },
  { about: 'a refund day', days: [...times(9, 10), -500, ...times(4, 10)], next: 9, rest: 100 },
  { about: 'refunds only', days: times(14, -10), next: 9, rest: 0 },
  { about: 'a week that comes to nothing', days: times(2, 6, -1, -1, -1, -1, -1, -1), next: 6, rest: 0 },
  { about: 'a weekday of refunds', days: times(2, 10, -5, 10, 10, 10, 10, 10), today: 10, next: 1, rest: 0 },
  { about: 'half of today is spent', days: times(14, 10), today: 5, next: 1, rest: 15 },
  { about: 'today costs more than usual already', days: times(14, 10), today: 25, next: 1, rest: 10 },
  { about: 'what is refunded today is not spent again', days: times(14, 10), today: -30, next: 1, rest: 20 },
  {
    about: 'quiet weekends: a Monday to the next',
    days: times(2, 10, 10, 10, 10, 10, 0, 0),
    next: 6,
    rest: 50,
  },
  {
    about: 'quiet weekends: a Saturday to Sunday',
    days: times(2, 0, 0, 10, 10, 10, 10, 10),
    next: 1,
    rest: 0,
  },
  {
    about: 'less than two weeks have no weekdays',
    days: times(2, 10, 10, 10, 10, 10, 4).concat(9),
    next: 0,
    rest: 9,
  },
  { about: 'a batch every week', days: times(4, 1, 1, 1, 8, 1, 1, 1), next: 7, rest: 15 },
  { about: 'two batches in two weeks', days: times(2, 8, 1, 1, 1, 1, 1, 1), today: 8, next: 6, rest: 6 },
  { about: 'two days of a new level are two outliers', days: [...times(26, 10), 30, 30], next: 9, rest: 100 },
  { about: 'nor are they one of three weeks', days: [...times(18, 10), 30, 30], next: 9, rest: 120 },
  { about: 'three days are a new level', days: [...times(25, 10), 30, 30, 30], next: 9, rest: 300 },
  { about: 'three days without spend too', days: [...times(25, 10), 0, 0, 0], next: 9, rest: 0 },
  {
    about: 'a week above what was usual is a new level, though one day of it cost more',
    days: [...times(9, 10, 9), 40, 10, 9, ...times(7, 20)],
    next: 9,
    rest: 200,
  },
  {
    about: 'what is older than four weeks does not count',
    days: [...times(28, 90, 0, 5), ...times(28, 10)],
    next: 9,
    rest: 100,
  },
];

for (const { about, days, today, next, rest } of CASES) {
  test(`forecast: ${about}`, () => assert.equal(expected(historyOf(days, today), next), rest));
}

test('forecast: detects a new level despite weekdays without spend', () => {
  const days = [...times(3, 0, 0, 10, 10, 10, 10, 10), 0, 0, 10, 10, 30, 30, 30];
  const week = expected(historyOf(days), 6) ?? 0;
  assert.ok(week > 140 && week <= 150, `${week}`);
});

test('forecast: weekdays that usually cost next to nothing make no level', () => {
  for (const last of [-100, 10]) {
    const days = [...times(3, 1000, 1000, 1000, 1000, -3, -3, -3), 1000, 1000, 1000, 1000, last, last, last];
    const monday = expected(historyOf(days), 0) ?? 0;
    assert.ok(monday > 950 && monday <= 1000, `${monday}`);
  }
});

test('forecast: is 0 for a period that is over', () => {
  assert.equal(expectedSpend(historyOf([10], 0, TODAY), TODAY), 0n);
  assert.equal(expectedSpend(historyOf([10], 5, NOON), TODAY), 0n);
});

test('forecast: rejects days with a gap, days that end early and a period that ends within a day', () => {
  const { days, ...rest } = historyOf([1, 2, 3]);
  const end = TODAY + DAY;
  assert.throws(() => expectedSpend({ ...rest, days: days.toSpliced(1, 1) }, end), RangeError);
  assert.throws(() => expectedSpend({ ...rest, days: days.slice(0, 2) }, end), RangeError);
  assert.throws(() => expectedSpend({ ...rest, days: days.toReversed() }, end), RangeError);
  assert.throws(() => expectedSpend({ ...rest, days }, NOON), RangeError);
});

/** Dollars to the twelfth place, many of them small or equal, some of them refunds. */
const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: 20n }).map((dollars) => dollars * 1_000_000_000_000n),
  fc.bigInt({ min: -(10n ** 15n), max: 10n ** 17n }),
);
const period = fc.integer({ min: 0, max: 31 });
const spend = fc.record({
  days: fc.array(amount, { minLength: 1, maxLength: 56 }),
  today: amount,
  next: period,
});

test('forecast: doubles with the amounts, to the last digit', () => {
  assertProperty(
    fc.property(spend, ({ days, today, next }) => {
      const once = restOf(days, today, next);
      const twice = restOf(
        days.map((usd) => 2n * usd),
        2n * today,
        next,
      );
      const error = twice - 2n * once;
      assert.ok(error >= -1n && error <= 1n, `${once} ${twice}`);
    }),
  );
});

test('forecast: is exact for a constant spend', () => {
  assertProperty(
    fc.property(amount, fc.integer({ min: 1, max: 56 }), period, (usd, length, next) => {
      const constant = usd > 0n ? usd : 0n;
      const days = Array.from({ length }, () => constant);
      assert.equal(restOf(days, constant / 3n, next), constant * BigInt(next + 1) - constant / 3n);
    }),
  );
});

test('forecast: is the same whole weeks later', () => {
  assertProperty(
    fc.property(spend, fc.integer({ min: -99, max: 99 }), ({ days, today, next }, weeks) => {
      assert.equal(restOf(days, today, next, NOON + weeks * 7 * DAY), restOf(days, today, next));
    }),
  );
});

test('forecast: is never negative', () => {
  assertProperty(
    fc.property(spend, ({ days, today, next }) => {
      const rest = restOf(days, today, next);
      assert.ok(rest >= 0n, `${rest}`);
    }),
    { numRuns: 1000 },
  );
});

test('forecast: moves by less than a third on a fiftyfold spike of any day', () => {
  const around = fc.bigInt({ min: 900_000_000n, max: 1_100_000_000n });
  const days = fc.array(around, { minLength: 7, maxLength: 56 });
  assertProperty(
    fc.property(days, fc.nat(55), period, (calm, drawn, next) => {
      const at = drawn % calm.length;
      const spiky = calm.with(at, 50n * (calm[at] ?? 0n));
      const [before, after] = [restOf(calm, 0n, next), restOf(spiky, 0n, next)];
      const moved = after > before ? after - before : before - after;
      assert.ok(3n * moved < before, `${before} ${after}`);
    }),
    { numRuns: 1000 },
  );
});

function restOf(amounts: readonly Usd[], today: Usd, next: number, through = NOON): Usd {
  const end = startOfDay(through) + (1 + next) * DAY;
  return (
    expectedSpend({ days: daysOf(amounts, through), today, through }, end) ?? assert.fail('nothing expected')
  );
}
