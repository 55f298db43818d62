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
import {
  benchAccount,
  rowTexts,
  type SeriesAsked,
  seriesOf,
  seriesSteps,
} from '../../../test/support/ledger/series.ts';
import type { Charge } from '../statement/statement.ts';
import { MAX_DOLLARS, ONE } from '../values/money.ts';
import { DAY, HOUR, type Instant, type Range } from '../values/time.ts';
import { type SeriesLabel, TooManyRowsError } from './cost-series.ts';

const NOON = utc('2026-11-20T12:00');
const SINCE = utc('2026-10-01');
const THREE_DAYS = { from: utc('2026-11-18'), to: utc('2026-11-21'), now: NOON };

function opened(stream = {}, account = {}): Bench {
  return openBench(settings(stream, { since: SINCE, ...account }));
}

function read(
  bench: Bench,
  charges: readonly Charge[],
  range: Range = { start: SINCE, end: NOON },
  asOf = range.end,
): void {
  bench.apply(statement('hour', range, asOf, charges), asOf);
}

function texts(bench: Bench, asked: Partial<SeriesAsked>): string[] {
  return rowTexts(seriesOf(bench, { ...THREE_DAYS, ...asked }));
}

const at = (day: number, hour = 0): Instant => utc('2026-11-01') + (day - 1) * DAY + hour * HOUR;

test('cost series: adds up hours, days and months by label', () => {
  const bench = opened();
  read(bench, [
    cost(at(18, 3), 'a', 1.5, { model: 'm' }),
    cost(at(18, 3), 'b', 0.000000000001, { model: 'm' }),
    cost(at(20, 10), 'a', -2, { model: 'm' }),
    cost(utc('2026-10-31T23:00'), 'b', 7, { model: 'm' }),
  ]);
  assert.deepEqual(texts(bench, { by: ['resource'] }), [
    'b: 0.000000000001 0 0 = 0.000000000001',
    'a: 1.5 0 -2 = -0.5',
    'total: 1.500000000001 0 -2 = -0.499999999999',
  ]);
  assert.deepEqual(texts(bench, { by: ['account', 'model'] }).slice(0, 1), [
    'prod/m: 1.500000000001 0 -2 = -0.499999999999',
  ]);
  assert.deepEqual(texts(bench, { step: 'hour', from: at(20, 9), to: at(20, 12), by: ['resource'] }), [
    'b: 0 0 0 = 0',
    'a: 0 -2 0 = -2',
    'total: 0 -2 0 = -2',
  ]);
  const months = { step: 'month', from: SINCE, to: utc('2026-12-01') } as const;
  assert.deepEqual(texts(bench, months), [
    ': 7 -0.499999999999 = 6.500000000001',
    'total: 7 -0.499999999999 = 6.500000000001',
  ]);
});

test('cost series: says why accounts are unknown', () => {
  const bench = opened();
  const reasons = (asked: Partial<SeriesAsked>) =>
    seriesOf(bench, { ...THREE_DAYS, ...asked }).unknown.map(({ account, reason }) => `${account} ${reason}`);
  assert.deepEqual(reasons({}), ['prod nothing_read']);
  read(bench, [], { start: at(19), end: NOON });
  assert.deepEqual(reasons({}), ['prod not_read_whole']);
  assert.deepEqual(reasons({ from: at(19) }), []);
  assert.deepEqual(reasons({ from: utc('2026-09-01'), to: utc('2026-10-01') }), ['prod before_since']);
  assert.deepEqual(reasons({ match: new Map([['account', ['other']]]) }), []);
});

test('cost series: leaves out what lies in the future, and keeps the range', () => {
  const bench = opened();
  read(bench, []);
  const report = seriesOf(bench, { ...THREE_DAYS, to: utc('2027-01-01') });
  assert.deepEqual(report.buckets, [at(18), at(19), at(20)]);
  assert.deepEqual(report.range, { start: at(18), end: utc('2027-01-01') });
  assert.deepEqual(seriesOf(bench, { ...THREE_DAYS, now: at(19) - 1 }).buckets, [at(18)]);
  assert.deepEqual(rowTexts(seriesOf(bench, { ...THREE_DAYS, now: at(18) - 1 })), [':  = 0', 'total:  = 0']);
});

test('cost series: an account without charges has its known zero, and one never read is unknown', () => {
  const bench = opened();
  const other = bench.open(settings({}, { provider: 'other', name: 'dev', since: SINCE }));
  const accounts = [
    benchAccount(bench),
    { id: other, provider: 'other', account: 'dev', streams: ['usage'] },
  ];
  read(bench, []);
  const asked = (more: Partial<SeriesAsked>) =>
    rowTexts(seriesOf(bench, { ...THREE_DAYS, ...more }, accounts));
  assert.deepEqual(asked({ by: ['provider'] }), ['other: ? ? ? = ?', 'test: 0 0 0 = 0', 'total: ? ? ? = ?']);
  assert.deepEqual(asked({}), [': ? ? ? = ?', 'total: ? ? ? = ?']);
  assert.deepEqual(asked({ by: ['provider'], match: new Map([['provider', ['t*']]]) }), [
    'test: 0 0 0 = 0',
    'total: 0 0 0 = 0',
  ]);
  assert.deepEqual(
    asked({ match: new Map([['model', ['none']]]), by: ['provider'] }),
    ['total: ? ? ? = ?'],
    'the account that was not read may have had the model',
  );
  assert.deepEqual(asked({ by: ['provider'], measure: 'requests' }), ['total: ? ? ? = ?']);
});

test('cost series: unknown before since, in a gap and past the lag, and so is every sum of it', () => {
  const bench = opened({}, { since: at(18) });
  read(bench, [cost(at(18), 'a', 1)], { start: at(18), end: at(19) });
  read(bench, [cost(at(20), 'a', 2)], { start: at(20), end: NOON });
  const days = { from: at(17), by: ['resource'] as SeriesLabel[] };
  assert.deepEqual(texts(bench, days), ['a: ? 1 ? 2 = ?', 'total: ? 1 ? 2 = ?']);
  assert.deepEqual(texts(bench, { ...days, now: NOON + DAY, to: at(22) }), [
    'a: ? 1 ? ? ? = ?',
    'total: ? 1 ? ? ? = ?',
  ]);
  const hours = { step: 'hour', from: at(20, 10), to: at(20, 15) } as const;
  assert.deepEqual(texts(bench, { ...hours, now: NOON + HOUR }).at(-1), 'total: 0 0 ? ? = ?', 'not read yet');
});

test('cost series: of hours that are billed once they have ended, the open one is unknown', () => {
  const bench = opened({ closedBuckets: true });
  const asOf = NOON + HOUR / 2;
  read(bench, [cost(at(20, 11), 'a', 1)], { start: SINCE, end: NOON + HOUR }, asOf);
  const hours = { step: 'hour', from: at(20, 11), to: at(20, 13), now: asOf } as const;
  assert.deepEqual(texts(bench, hours).at(-1), 'total: 1 ? = ?');
});

test('cost series: of days that are billed once they have ended, today is unknown, and yesterday until it was read', () => {
  const bench = opened({ granularities: ['day'], closedBuckets: true, lagMs: 40 * HOUR });
  const day = (nth: number) =>
    bench.apply(
      statement('day', { start: at(nth), end: at(nth + 1) }, at(nth + 1) + HOUR, [cost(at(nth), 'a', nth)]),
    );
  day(18);
  const days = { from: at(18), to: at(21), by: ['resource'] as SeriesLabel[] };
  assert.deepEqual(texts(bench, days), ['a: 18 ? ? = ?', 'total: 18 ? ? = ?']);
  day(19);
  assert.deepEqual(texts(bench, days), ['a: 18 19 ? = ?', 'total: 18 19 ? = ?']);
  assert.deepEqual(texts(bench, { ...days, to: at(20) }).at(-1), 'total: 18 19 = 37');
});

test('cost series: one unread stream makes its account unknown', () => {
  const bench = opened();
  read(bench, [cost(at(18), 'a', 1)]);
  const accounts = [{ ...benchAccount(bench), streams: ['usage', 'more'] }];
  assert.deepEqual(rowTexts(seriesOf(bench, { ...THREE_DAYS, by: ['resource'] }, accounts)), [
    'a: ? ? ? = ?',
    'total: ? ? ? = ?',
  ]);
  const none = [{ ...benchAccount(bench), streams: [] }];
  assert.deepEqual(rowTexts(seriesOf(bench, THREE_DAYS, none)).at(-1), 'total: ? ? ? = ?');
});

test('cost series: top lists the largest and adds up the others, ties by label', () => {
  const bench = opened();
  read(bench, [cost(at(18), 'b', 2), cost(at(18), 'a', 2), cost(at(19), 'c', 1), cost(at(20), 'd', -5)]);
  assert.deepEqual(texts(bench, { by: ['resource'], top: 2 }), [
    'a: 2 0 0 = 2',
    'b: 2 0 0 = 2',
    'other: 0 1 -5 = -4',
    'total: 4 1 -5 = 0',
  ]);
  assert.deepEqual(texts(bench, { by: ['resource'], top: 9 }).at(-2), 'other: 0 0 0 = 0');
});

test('cost series: orders rows with unknown buckets by what is known of them', () => {
  const bench = opened();
  read(bench, [cost(at(18), 'a', 1), cost(at(18), 'b', 0.5)], { start: at(18), end: at(19) });
  read(bench, [cost(at(19, 7), 'b', 9)], { start: at(19, 6), end: at(20) });
  const rows = texts(bench, { by: ['resource'], to: at(20), now: at(20) });
  assert.deepEqual(rows, ['a: 1 ? = ?', 'b: 0.5 ? = ?', 'total: 1.5 ? = ?']);
});

test('cost series: lists at most 1,000 rows, and the largest of more', () => {
  const bench = opened();
  const many = Array.from({ length: 1001 }, (_, index) => cost(at(18, index % 24), `r${index}`, index));
  read(bench, many);
  assert.throws(() => texts(bench, { by: ['resource'] }), {
    name: 'TooManyRowsError',
    message: '1001 series are more than 1000; add top=N, fewer labels in by, or a narrower match',
  });
  assert.throws(() => texts(bench, { by: ['resource'], step: 'hour' }), TooManyRowsError);
  assert.deepEqual(texts(bench, { by: ['resource'], top: 1 }), [
    'r1000: 1000 0 0 = 1000',
    'other: 499500 0 0 = 499500',
    'total: 500500 0 0 = 500500',
  ]);
  assert.deepEqual(
    texts(bench, {
      by: ['resource'],
      match: new Map([['resource', ['r7', 'r8*']]]),
      top: 2,
      step: 'month',
      from: SINCE,
    }),
    ['r899: 0 899 = 899', 'r898: 0 898 = 898', 'other: 0 84013 = 84013', 'total: 0 85810 = 85810'],
  );
});

test('cost series: a retired series that was corrected to 0 is no row', () => {
  const bench = opened();
  const day = utc('2026-10-10');
  const range = { start: SINCE, end: at(1) };
  const others = Array.from({ length: 999 }, (_, index) => cost(day, `r${index}`, 1));
  read(bench, [...others, cost(day, 'gone', 5)], range);
  read(bench, [...others, cost(day, 'gone', 0)], range, range.end + HOUR);
  const now = utc('2027-02-20');
  bench.reopen();
  const asked = { step: 'month', from: SINCE, to: range.end, now, by: ['resource'] } as const;
  // With the account, which has no series left that is shown.
  assert.equal(seriesOf(bench, asked).series.length, 1000);
});

test('cost series: matches patterns of any label, also with commas, quotes and line breaks', () => {
  const bench = opened();
  const odd = 'a,"b"\nc';
  read(bench, [cost(at(18), odd, 1, { tier: 't' }), cost(at(18), 'a', 2, { tier: 'u' })]);
  const by = ['resource'] as const;
  const match = (...entries: [SeriesLabel, string[]][]) => texts(bench, { by, match: new Map(entries) });
  assert.deepEqual(match(['resource', ['a?*']]), [`${odd}: 1 0 0 = 1`, 'total: 1 0 0 = 1']);
  assert.deepEqual(match(['resource', ['*']], ['tier', ['x', 'u']]).at(-1), 'total: 2 0 0 = 2');
  assert.deepEqual(match(['resource', ['']]), ['total: 0 0 0 = 0']);
});

test('cost series: groups by what is known of a resource', () => {
  const bench = opened();
  const facts = {
    resource: 'a',
    name: 'chat',
    kind: 'deployment',
    project: 'p',
    team: 'x',
    environment_name: 'production',
  };
  const charges = [cost(at(18), 'a', 1), cost(at(18), 'b', 2)];
  bench.apply(statement('hour', { start: SINCE, end: NOON }, NOON, charges), NOON, [facts]);
  const by = ['name', 'kind', 'project', 'team', 'environment'] as const;
  assert.deepEqual(texts(bench, { by }), [
    '////: 2 0 0 = 2',
    'chat/deployment/p/x/production: 1 0 0 = 1',
    'total: 3 0 0 = 3',
  ]);
  assert.deepEqual(texts(bench, { by, match: new Map([['team', ['x']]]) }).at(-1), 'total: 1 0 0 = 1');
  const [known] = bench.ledger.resources([benchAccount(bench)]);
  const { environment_name: environment, ...rest } = facts;
  assert.deepEqual(known, { provider: 'test', account: 'prod', ...rest, environment });
  assert.deepEqual(bench.ledger.resources([]), []);
});

test('cost series: tokens by type, requests and seconds come from the cells at every step', () => {
  const bench = opened();
  const more = (measure: Charge['measure'], detail: string, value: number) =>
    ({ ...cost(at(18, 5), 'a', value), measure, detail }) as const;
  read(bench, [
    more('tokens', 'input', 100),
    more('tokens', 'output', 20),
    more('requests', '', 3),
    more('billed_seconds', '', 0.5),
    { ...more('tokens', 'input', 7), at: at(20, 1) },
    cost(at(18, 5), 'a', 1),
  ]);
  const tokens = { measure: 'tokens', by: ['token_type', 'currency'] } as const;
  assert.deepEqual(texts(bench, tokens), [
    'input/: 100 0 7 = 107',
    'output/: 20 0 0 = 20',
    'total: 120 0 7 = 127',
  ]);
  assert.deepEqual(texts(bench, { ...tokens, step: 'month', from: SINCE }).at(-1), 'total: 0 127 = 127');
  const hours = { step: 'hour', from: at(18, 4), to: at(18, 7) } as const;
  assert.deepEqual(texts(bench, { ...tokens, ...hours }).at(-1), 'total: 0 120 0 = 120');
  assert.deepEqual(texts(bench, { measure: 'requests' }).at(-1), 'total: 3 0 0 = 3');
  assert.deepEqual(texts(bench, { measure: 'seconds' }).at(-1), 'total: 0.5 0 0 = 0.5');
});

test('cost series: hours of days are unknown, and the finest step is said', () => {
  const daily = opened({ granularities: ['day'] });
  daily.apply(statement('day', { start: SINCE, end: at(21) }, NOON, [cost(at(19), 'a', 1)]), NOON);
  const hours = { ...THREE_DAYS, step: 'hour', from: at(19, 22), to: at(20, 2) } as const;
  assert.deepEqual(texts(daily, hours), [': ? ? ? ? = ?', 'total: ? ? ? ? = ?']);
  const limit = { provider: 'test', account: 'prod', finestStep: 'day' };
  assert.deepEqual(seriesOf(daily, hours).limits, [{ ...limit, start: at(19, 22), end: at(20, 2) }]);
  assert.deepEqual(seriesOf(daily, { ...hours, match: new Map([['resource', ['b']]]) }).limits, []);
  assert.deepEqual(seriesOf(daily, THREE_DAYS).limits, []);
});

test('cost series: compacted and archived days are kept by the day, and older ones by the month', () => {
  const bench = opened();
  read(bench, [cost(at(18, 2), 'a', 1), { ...cost(at(18, 2), 'a', 5), measure: 'requests', detail: '' }]);
  const december = utc('2026-12-20T12:00');
  read(bench, [], { start: NOON, end: december });
  bench.ledger.maintain(december);
  const hours = { step: 'hour', from: at(18, 1), to: at(18, 4), now: december } as const;
  const limit = { provider: 'test', account: 'prod' };
  assert.deepEqual(texts(bench, hours).at(-1), 'total: ? ? ? = ?');
  assert.deepEqual(seriesOf(bench, { ...THREE_DAYS, ...hours }).limits, [
    { ...limit, finestStep: 'day', start: at(18, 1), end: at(18, 4) },
  ]);
  assert.deepEqual(texts(bench, { now: december }).at(-1), 'total: 1 0 0 = 1');
  const january = utc('2027-01-05');
  read(bench, [], { start: december, end: january });
  bench.ledger.maintain(january);
  const days = { from: at(29), to: at(32), now: january };
  const months = { step: 'month', from: SINCE, to: utc('2027-02-01'), now: january } as const;
  assert.deepEqual(texts(bench, { now: january }).at(-1), 'total: 1 0 0 = 1');
  assert.deepEqual(texts(bench, { now: january, measure: 'requests' }).at(-1), 'total: 5 0 0 = 5');
  assert.deepEqual(texts(bench, { ...months, measure: 'requests' }).at(-1), 'total: 0 5 0 0 = 5');
  assert.deepEqual(texts(bench, { ...hours, now: january }).at(-1), 'total: ? ? ? = ?');
  assert.deepEqual(seriesOf(bench, { ...THREE_DAYS, ...hours, now: january }).limits, [
    { ...limit, finestStep: 'day', start: at(18, 1), end: at(18, 4) },
  ]);
  bench.ledger.maintain(january, 1);
  assert.deepEqual(texts(bench, days).at(-1), 'total: ? ? 0 = ?');
  assert.deepEqual(seriesOf(bench, days).limits, [
    { ...limit, finestStep: 'month', start: at(29), end: at(31) },
  ]);
  assert.deepEqual(texts(bench, months).at(-1), 'total: 0 1 0 0 = 1');
  assert.deepEqual(seriesOf(bench, months).limits, []);
  assert.deepEqual(texts(bench, { ...months, measure: 'requests' }).at(-1), 'total: ? ? 0 0 = ?');
  assert.deepEqual(seriesOf(bench, { ...months, measure: 'requests' }).limits, [], 'no step is kept');
});

test('cost series: days that another stream has closed come from the cells', () => {
  const bench = opened({ reachMs: 90 * DAY });
  const other = bench.open(settings({}, { provider: 'other', name: 'dev', since: SINCE }));
  const january = utc('2027-01-05');
  for (const account of [bench.account, other]) {
    const given = statement('hour', { start: SINCE, end: january }, january, [cost(at(18), 'a', 1)]);
    bench.ledger.apply({ account, feed: 'usage' }, given, [], january);
  }
  bench.ledger.maintain(january);
  const february = utc('2027-02-05');
  bench.ledger.maintain(february);
  assert.deepEqual(texts(bench, { by: ['resource'], now: january }), ['a: 1 0 0 = 1', 'total: 1 0 0 = 1']);
});

test('cost series: hours of several granularities are those that the day is made of', () => {
  const bench = opened(SLIDING);
  const day = { start: at(18), end: at(19) };
  bench.apply(statement('hour', day, at(19, 1), [cost(at(18, 2), 'a', 1)]));
  const hours = { step: 'hour', from: at(18, 1), to: at(18, 4), now: NOON } as const;
  assert.deepEqual(texts(bench, hours).at(-1), 'total: 0 1 0 = 1');
  bench.apply(statement('day', day, at(22), [cost(at(18), 'a', 1.25)]));
  assert.deepEqual(texts(bench, { ...hours, now: at(22) }).at(-1), 'total: ? ? ? = ?', 'the day is settled');
  assert.deepEqual(texts(bench, { to: at(19), now: at(22) }).at(-1), 'total: 1.25 = 1.25');
});

test('cost series: overflow has no labels of its own, and retired series keep their money', () => {
  const bench = opened({}, { maxSeries: 40 });
  read(
    bench,
    [...'abcdef'].map((resource, index) => cost(at(18), resource, index + 1)),
  );
  const [first] = texts(bench, { by: ['resource'] });
  assert.equal(first, '__overflow__: 18 0 0 = 18');
  const later = utc('2027-03-20');
  read(bench, [], { start: NOON, end: later });
  const months = { step: 'month', from: SINCE, to: utc('2027-04-01'), now: later, by: ['resource'] } as const;
  assert.deepEqual(texts(bench, months).at(-1), 'total: 0 21 0 0 0 0 = 21');
  assert.deepEqual(texts(bench, { ...months, from: utc('2027-03-01') }), [': 0 = 0', 'total: 0 = 0']);
});

test('cost series: sums beyond 64 bits are exact', () => {
  const bench = opened();
  const large = { ...cost(at(18), 'a', 0), value: MAX_DOLLARS - 1n };
  // More than a quarter of what 64 bits hold, less than half.
  const part = (hour: number) => ({ ...cost(at(19, hour), 'b', 0), value: 4_000_000n * ONE });
  read(bench, [large, { ...large, resource: 'b' }, part(0), part(1), part(2), { ...part(3), at: at(20) }]);
  assert.deepEqual(texts(bench, { by: ['resource'] }), [
    'b: 999999999999.999999999999 12000000 4000000 = 1000015999999.999999999999',
    'a: 999999999999.999999999999 0 0 = 999999999999.999999999999',
    'total: 1999999999999.999999999998 12000000 4000000 = 2000015999999.999999999998',
  ]);
  const seconds = [18, 19, 20].map(
    (day) => ({ ...part(0), at: at(day), measure: 'billed_seconds', detail: '' }) as const,
  );
  read(bench, seconds, { start: SINCE, end: NOON }, NOON + 1);
  const months = { measure: 'seconds', step: 'month', from: SINCE, to: utc('2026-12-01') } as const;
  assert.deepEqual(texts(bench, months).at(-1), 'total: 0 12000000 = 12000000');
});

test('cost series: a commit between two steps is in all of an answer or in nothing of it', () => {
  const bench = opened();
  read(bench, [cost(at(18), 'a', 1), cost(at(19), 'a', 1)]);
  const days = { ...THREE_DAYS, by: ['resource'] as const, top: 1 };
  const before = rowTexts(seriesOf(bench, days));
  const steps = [...seriesSteps(bench, days)].length;
  for (let place = 0; place <= steps; place += 1) {
    const fresh = opened();
    read(fresh, [cost(at(18), 'a', 1), cost(at(19), 'a', 1)]);
    const work = seriesSteps(fresh, days);
    let next = work.next();
    for (let index = 1; index < place; index += 1) next = work.next();
    read(fresh, [cost(at(18), 'a', 2), cost(at(19), 'b', 3)], { start: SINCE, end: NOON }, NOON + 1);
    const after = rowTexts(seriesOf(fresh, days));
    while (!next.done) next = work.next();
    const found = rowTexts(next.value);
    assert.ok(
      [before, after].some((rows) => rows.join() === found.join()),
      `step ${place}: ${found.join(', ')}`,
    );
  }
});
