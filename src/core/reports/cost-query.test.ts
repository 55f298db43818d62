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
import { OVERFLOW } from '../ledger/series-key.ts';
import { METRICS } from '../metrics/catalog.ts';
import type { Charge } from '../statement/statement.ts';
import { formatDecimal, parseDecimal, toNumber } from '../values/money.ts';
import { DAY, HOUR, type Instant } from '../values/time.ts';
import { BUDGET_LABELS } from './budget.ts';
import type { CostLabel, CostReport } from './cost-query.ts';
import type { CostsAccount } from './labels.ts';
import { WINDOWS, type Window } from './windows.ts';

const NOON = utc('2026-11-20T12:00');
const SINCE = utc('2026-10-01');
const GAUGES = {
  today: METRICS.costToday,
  yesterday: METRICS.costYesterday,
  month_to_date: METRICS.costMonthToDate,
  last_month: METRICS.costLastMonth,
} as const;

/** An exporter with two accounts, of which the first has room for few series. */
function twoAccounts(maxSeries = 10_000): { bench: Bench; accounts: readonly CostsAccount[] } {
  const bench = openBench(settings({}, { since: SINCE, maxSeries }));
  const other = bench.open(settings({}, { provider: 'other', name: 'dev', since: SINCE }));
  const streams = ['usage'];
  return {
    bench,
    accounts: [
      { id: bench.account, provider: 'test', account: 'prod', streams },
      { id: other, provider: 'other', account: 'dev', streams },
    ],
  };
}

type Asked = Pick<ReturnType<typeof twoAccounts>, 'bench' | 'accounts'> & { readonly now?: Instant };

function costs(world: Asked, window: Window, ...by: CostLabel[]): CostReport {
  const { bench, accounts, now = NOON } = world;
  return bench.ledger.costs({ window, by }, accounts, now);
}

/** Groups as `a/b=1.5`. */
function texts({ groups }: CostReport): string[] {
  return groups.map(({ values, usd }) => `${values.join('/')}=${formatDecimal(usd)}`);
}

function read({ bench }: Asked, lines: readonly Charge[], account = bench.account, now = NOON): void {
  const range = { start: SINCE, end: NOON };
  bench.ledger.apply({ account, feed: 'usage' }, statement('hour', range, now, lines), [], now);
}

test('cost query: groups by each label, most expensive first, then by label', () => {
  const world = twoAccounts();
  const at = NOON - HOUR;
  read(world, [
    cost(at, 'a', 1.5, { model: 'm', tier: 't' }),
    cost(at, 'b', 2, { model: 'm', tier: 'u' }),
    cost(at, 'b', 0.25, { model: 'm', tier: 'u', detail: 'DIEM', currency: 'DIEM' }),
    cost(at, 'c', -1),
    cost(utc('2026-10-03'), 'd', 5),
  ]);
  read(world, [cost(at, 'a', 2.25)], world.accounts[1]?.id);
  const table: [by: CostLabel[], expected: string[]][] = [
    [[], ['=5']],
    [['provider'], ['test=2.75', 'other=2.25']],
    [['resource'], ['a=3.75', 'b=2.25', 'd=0', 'c=-1']],
    [
      ['account', 'resource'],
      ['dev/a=2.25', 'prod/b=2.25', 'prod/a=1.5', 'prod/d=0', 'prod/c=-1'],
    ],
    [
      ['model', 'tier'],
      ['m/u=2.25', 'm/t=1.5', '/=1.25'],
    ],
    [
      ['tier', 'model'],
      ['u/m=2.25', 't/m=1.5', '/=1.25'],
    ],
    [['currency'], ['USD=4.75', 'DIEM=0.25']],
  ];
  for (const [by, expected] of table) {
    const asked = costs(world, 'today', ...by);
    assert.deepEqual(texts(asked), expected, by.join());
    assert.equal(asked.total, parseDecimal('5'));
    assert.deepEqual([asked.start, asked.end], [utc('2026-11-20'), utc('2026-11-21')]);
  }
  assert.deepEqual(texts(costs(world, 'last_month', 'resource')), ['d=5', 'a=0', 'b=0', 'c=0']);
  assert.deepEqual(costs({ ...world, accounts: [] }, 'today').groups, [{ values: [], usd: 0n }]);
});

test('cost query: an account with an unknown window is named and left out, and the total is absent', () => {
  const world = twoAccounts();
  const unknown = (window: Window) =>
    costs(world, window).unknown.map(({ account, reason }) => [account, reason]);
  const [, other] = world.accounts;
  assert.deepEqual(unknown('today'), [
    ['prod', 'nothing_read'],
    ['dev', 'nothing_read'],
  ]);
  read(world, [cost(NOON - HOUR, 'a', 1)]);
  const today = costs(world, 'today', 'provider');
  assert.deepEqual(today.unknown, [{ provider: 'other', account: 'dev', reason: 'nothing_read' }]);
  assert.deepEqual(texts(today), ['test=1']);
  assert.equal(today.total, undefined);
  assert.deepEqual(costs(world, 'today').groups, [], 'a part of the whole passes for the whole');

  const late = statement('hour', { start: NOON - 2 * HOUR, end: NOON }, NOON, [cost(NOON - HOUR, 'a', 3)]);
  world.bench.ledger.apply({ account: other?.id ?? 0, feed: 'usage' }, late, [], NOON);
  assert.deepEqual(unknown('today'), [['dev', 'not_read_whole']]);
  world.bench.reopen();
  world.bench.ledger.openAccount(
    settings({}, { provider: 'other', name: 'dev', since: NOON - 2 * HOUR }),
    NOON,
  );
  assert.deepEqual(
    unknown('today'),
    [['dev', 'before_since']],
    'of a window that begins before it a part is known',
  );
  assert.deepEqual(unknown('yesterday'), [['dev', 'before_since']]);
  assert.deepEqual(texts(costs(world, 'today', 'account')), ['prod=1']);
  world.bench.ledger.openAccount(
    settings({}, { provider: 'other', name: 'dev', since: utc('2026-11-20') }),
    NOON,
  );
  const whole = statement('hour', { start: utc('2026-11-20'), end: NOON }, NOON + 1, [
    cost(NOON - HOUR, 'a', 3),
  ]);
  world.bench.ledger.apply({ account: other?.id ?? 0, feed: 'usage' }, whole, [], NOON + 1);
  assert.deepEqual(unknown('today'), []);
  assert.deepEqual(texts(costs(world, 'today', 'account')), ['dev=3', 'prod=1']);
});

test('window cost: counts from since on and is unknown across a gap', () => {
  const { bench } = twoAccounts();
  const costOf = (window: Window) => bench.ledger.windowCost(bench.account, window, NOON);
  assert.equal(costOf('today'), undefined);
  const late = { start: NOON - 2 * HOUR, end: NOON };
  bench.apply(statement('hour', late, NOON, [cost(NOON - HOUR, 'a', 3), cost(NOON - 2 * HOUR, 'b', -1)]));
  assert.equal(costOf('today'), undefined);
  bench.ledger.openAccount(settings({}, { since: late.start }), NOON);
  assert.equal(costOf('today'), parseDecimal('2'));
  assert.equal(costOf('yesterday'), undefined);
});

test('cost query: one unread stream makes its account unknown', () => {
  const world = twoAccounts();
  read(world, [cost(NOON - HOUR, 'a', 1)]);
  const accounts = world.accounts.slice(0, 1).map((account) => ({ ...account, streams: ['usage', 'more'] }));
  const asked = costs({ ...world, accounts }, 'today', 'resource');
  assert.deepEqual(
    asked.unknown.map(({ reason }) => reason),
    ['nothing_read'],
  );
  assert.deepEqual(asked.groups, []);
});

const SPENT = fc.array(
  fc.record({
    hours: fc.integer({ min: 1, max: 50 * 24 }),
    resource: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', ''),
    model: fc.constantFrom('', 'm'),
    currency: fc.constantFrom('USD', 'DIEM'),
    dollars: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  }),
  { maxLength: 30 },
);
const LINES = SPENT.map((spent) =>
  spent.map(({ hours, resource, dollars, model, currency }) =>
    cost(NOON - hours * HOUR, resource, dollars, { model, currency, detail: currency }),
  ),
);

test('cost query: equals the gauges to the last digit after refunds, overflow and a restart', () => {
  assertProperty(
    fc.property(LINES, LINES, LINES, (first, revised, other) => {
      const world = twoAccounts(40);
      read(world, first);
      read(world, revised, world.bench.account, NOON + 1);
      read(world, other, world.accounts[1]?.id);
      const before = WINDOWS.map((window) => assertAgrees({ ...world, now: NOON + 1 }, window));
      world.bench.reopen();
      const after = WINDOWS.map((window) => assertAgrees({ ...world, now: NOON + 1 }, window));
      assert.deepEqual(after, before);
      world.bench.ledger.close();
    }),
    { numRuns: 60 },
  );
});

test('cost query: overflow is a resource of its own', () => {
  const world = twoAccounts(40);
  read(
    world,
    [...'abcdef'].map((resource, index) => cost(NOON - HOUR, resource, index + 1)),
  );
  assertAgrees(world, 'today');
  read(world, [], world.accounts[1]?.id);
  assertAgrees(world, 'today');
  assert.deepEqual(
    texts(costs(world, 'today', 'resource')),
    [`${OVERFLOW}=18`, 'b=2', 'a=1', '=0'],
    'the other account has spent nothing, and that is known',
  );
});

test('cost query: retired series are in no group', () => {
  const { bench, accounts } = twoAccounts();
  const now = NOON + 90 * DAY;
  const world = { bench, accounts: accounts.slice(0, 1), now };
  read(world, [cost(NOON - HOUR, 'a', 1), cost(NOON - HOUR, 'b', 1)]);
  const later = statement('hour', { start: NOON, end: now }, now, [cost(now - HOUR, 'b', 2)]);
  bench.ledger.apply({ account: bench.account, feed: 'usage' }, later, [], now);
  for (const window of WINDOWS) assertAgrees(world, window);
  assert.deepEqual(texts(costs(world, 'today', 'resource')), ['b=2']);
});

/** Holds the finest costs against the gauge, and all sums against the finest costs. */
function assertAgrees(world: Asked, window: Window): CostReport {
  const { bench, now = NOON } = world;
  const finest = costs(world, window, ...BUDGET_LABELS);
  const family = bench.ledger.publish(now).families.find(({ name }) => name === GAUGES[window].name);
  assert.deepEqual(family?.labels ?? BUDGET_LABELS, BUDGET_LABELS);
  const gauges = new Map(family?.samples.map(({ labels, value }) => [labels.join('\n'), value]));
  const shown = new Map(finest.groups.map(({ values, usd }) => [values.join('\n'), toNumber(usd)]));
  assert.deepEqual(shown, gauges);
  for (const label of BUDGET_LABELS) {
    const place = BUDGET_LABELS.indexOf(label);
    const parts = Map.groupBy(finest.groups, ({ values }) => values[place]);
    for (const { values, usd } of costs(world, window, label).groups)
      assert.equal(usd, sum(parts.get(values[0])), `${window} by ${label}`);
  }
  const whole = finest.unknown.length === 0 ? sum(finest.groups) : undefined;
  assert.equal(finest.total, whole);
  for (const { id, provider, account } of world.accounts) {
    const own = finest.groups.filter(
      ({ values: [first, second] }) => first === provider && second === account,
    );
    const isWhole = bench.ledger.windowState(id, window, now).incomplete === undefined;
    if (isWhole) assert.equal(bench.ledger.windowCost(id, window, now), sum(own), `${window} of ${account}`);
  }
  return finest;
}

function sum(groups: CostReport['groups'] = []): bigint {
  return groups.reduce((total, { usd }) => total + usd, 0n);
}
