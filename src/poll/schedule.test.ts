import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Cron } from 'croner';
import fc from 'fast-check';
import cron from 'node-cron';
import { assertProperty } from '../../test/support/ledger/property.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../core/values/time.ts';
import { createPatterns, schedule } from './schedule.ts';

const NOON = Date.UTC(2026, 10, 20, 12);

/** Timers that a test moves, and a clock that can be set without them. */
function bench(context: TestContext, line: string, start: Instant = NOON) {
  const { mock } = context;
  mock.timers.enable({ apis: ['setTimeout'] });
  const Real = Date;
  let at = start;
  class Own extends Real {
    constructor(...[given = at]: [] | [number]) {
      super(given);
    }
    static override now = () => at;
  }
  globalThis.Date = Object.assign(Own);
  const runs: Instant[] = [];
  const timing = schedule({
    pattern: createPatterns()(line),
    jitterMs: 0,
    random: () => 0,
    run: () => runs.push(at),
  });
  const end = () => {
    timing.stop();
    globalThis.Date = Real;
    mock.timers.reset();
  };
  context.after(end);
  return {
    end,
    timing,
    now: () => at,
    set: (byMs: number) => {
      at += byMs;
    },
    /** The runs of so much time, as timers count it. */
    pass(ms: number) {
      const before = runs.length;
      for (let passed = 0; passed < ms; passed += SECOND) {
        at += SECOND;
        mock.timers.tick(SECOND);
      }
      return runs.slice(before);
    },
  };
}

test('pattern computes its next runs once per period, for any number of feeds', (context) => {
  const nextRuns = context.mock.method(Cron.prototype, 'nextRuns');
  context.mock.timers.enable({ apis: ['Date'], now: NOON + SECOND });
  const pattern = createPatterns()('*/5 * * * *');
  for (let feeds = 0; feeds < 1000; feeds += 1) {
    assert.deepEqual([pattern.next(), pattern.periodMs()], [NOON + 5 * MINUTE, 5 * MINUTE]);
  }
  assert.equal(nextRuns.mock.callCount(), 1);
});

test('patterns reject an invalid line', () => {
  assert.throws(() => createPatterns()('61 * * * *'), RangeError);
});

test('patterns are due when node-cron would run them', () => {
  const field = (most: number, least = 0) => {
    const value = fc.integer({ min: least, max: most }).map(String);
    return fc.oneof(
      fc.constant('*'),
      value,
      fc.integer({ min: 2, max: Math.min(9, most) }).map((step) => `*/${step}`),
    );
  };
  const line = fc
    .tuple(field(59), field(23), field(28, 1), field(12, 1), field(6))
    .map((all) => all.join(' '));
  assertProperty(
    fc.property(line, (text) => {
      const runs = cron.createTask(text, () => {}, { timezone: 'UTC' }).getNextRuns(2);
      const [first = assert.fail(), second = assert.fail()] = runs.map((date) => date.getTime());
      const pattern = createPatterns()(text);
      assert.deepEqual([pattern.next(), pattern.periodMs()], [first, second - first], text);
    }),
    { numRuns: 100 },
  );
});

test('schedule runs once each time it is due', (context) => {
  const { pass } = bench(context, '* * * * *');
  assert.deepEqual(pass(3 * MINUTE), [NOON + MINUTE, NOON + 2 * MINUTE, NOON + 3 * MINUTE]);
});

for (const [title, ms] of [
  ['2 hours', 2 * HOUR],
  ['26 hours', 26 * HOUR],
  ['40 days', 40 * DAY],
] as const) {
  test(`schedule follows a clock set back by ${title} within a minute`, (context) => {
    const { pass, set, now, timing } = bench(context, '* * * * *');
    pass(90 * SECOND);
    set(-ms);
    const [first, ...rest] = pass(3 * MINUTE);
    assert.ok(first !== undefined && first <= NOON - ms + 90 * SECOND + MINUTE);
    assert.ok(rest.length >= 2);
    assert.ok((timing.nextRun() ?? 0) - now() <= MINUTE);
  });

  test(`schedule catches up one run after the clock is set forward by ${title}`, (context) => {
    for (const line of ['* * * * *', '*/15 * * * *', '0 3 * * *']) {
      const { pass, set, end } = bench(context, line);
      set(ms);
      assert.equal(pass(31 * SECOND).length, ms < DAY && line === '0 3 * * *' ? 0 : 1, line);
      end();
    }
  });
}

test('schedule catches up one run after the clock is set forward from 1970, at once for a line of every second', (context) => {
  const { pass, set, now } = bench(context, '* * * * * *', 0);
  pass(5 * SECOND);
  set(NOON - now());
  assert.equal(pass(SECOND).length, 1);
  assert.equal(pass(10 * SECOND).length, 10);
});

test('daily schedule runs at its time again after the clock is set back over it', (context) => {
  const { pass, set } = bench(context, '0 13 * * *');
  assert.deepEqual(pass(2 * HOUR), [NOON + HOUR]);
  set(-2 * HOUR);
  const again = pass(2 * HOUR);
  assert.equal(again.at(-1), NOON + HOUR);
});

test('stopped schedule does not run and has no next run', (context) => {
  const { pass, timing } = bench(context, '* * * * *');
  timing.stop();
  assert.deepEqual([pass(5 * MINUTE), timing.nextRun()], [[], undefined]);
});
