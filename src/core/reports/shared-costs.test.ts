import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, FEED, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { DAY, HOUR } from '../values/time.ts';
import { containedCosts, likePairs, recentCosts } from './shared-costs.ts';

const TODAY = utc('2026-11-20');
const NOW = TODAY + 10 * HOUR;

/** Dollars by resource, of today and of the days before it. */
type Bill = readonly Readonly<Record<string, number>>[];

function sharedBy(first: Bill, second: Bill, more: Partial<Charge> = {}) {
  const bench = openBench(settings());
  const other = bench.open(settings({}, { name: 'other' }));
  const linesOf = (bill: Bill, of: Partial<Charge>) =>
    bill.flatMap((costs, back) =>
      Object.entries(costs).map(([resource, dollars]) => cost(TODAY - back * DAY, resource, dollars, of)),
    );
  const range = { start: TODAY - 9 * DAY, end: TODAY + HOUR };
  bench.apply(statement('hour', range, NOW, linesOf(first, {})));
  bench.ledger.apply(
    { account: other, feed: FEED },
    statement('hour', range, NOW + 1, linesOf(second, more)),
    [],
    NOW,
  );
  return containedCosts(recentCosts(bench.state, NOW), [bench.account, other], NOW);
}

test('shared costs: equal costs over several days are found, whatever today shows', () => {
  const days = [{ a: 1.25 }, { a: 2.5, b: 0.000000000001 }, { a: 3 }];
  assert.deepEqual(sharedBy([{ a: 9 }, ...days], [{ a: 8.5 }, ...days]), {
    amounts: 4,
    days: 3,
    contained: 'both',
  });
});

test('shared costs: today counts if the days before have too few amounts', () => {
  const bill = [{ a: 1, b: 2, c: 3 }];
  assert.deepEqual(sharedBy(bill, bill), { amounts: 3, days: 1, contained: 'both' });
  assert.equal(sharedBy([{ a: 1, b: 2 }], [{ a: 1, b: 2 }]), undefined);
});

test('shared costs: the costs of a team within its organization are found', () => {
  const team = [{}, { a: 1 }, { a: 2 }, { a: 3 }];
  const organization = [{}, { a: 1, x: 5 }, { a: 2 }, { a: 3, y: 1 }];
  assert.equal(sharedBy(team, organization)?.contained, 'first');
  assert.equal(sharedBy(organization, team)?.contained, 'second');
});

test('shared costs: a difference in the last digit, a label or any day is another bill', () => {
  const bill = [{}, { a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }];
  assert.equal(sharedBy(bill, [{}, { a: 1 }, { a: 2 }, { a: 3 }, { a: 4.000000000001 }]), undefined);
  assert.equal(sharedBy(bill, bill, { tier: 'x' }), undefined);
  assert.equal(sharedBy(bill, bill, { model: 'x' }), undefined);
  assert.equal(sharedBy(bill, [{}, { b: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]), undefined);
});

test('shared costs: days without costs of both and zeros are ignored', () => {
  const bill = [{}, { a: 1 }, { a: 2 }, { a: 3 }];
  assert.equal(sharedBy([...bill, { a: 7 }], bill)?.amounts, 3);
  assert.equal(sharedBy(bill, [{}, { a: 1, b: 0 }, { a: 2 }, { a: 3 }])?.contained, 'both');
  assert.equal(sharedBy(bill, [{}, {}, {}, {}]), undefined);
});

test('shared costs: only accounts with common costs are compared, and a shared bill is not compared in every pair', () => {
  const bench = openBench(settings());
  const range = { start: TODAY - 9 * DAY, end: TODAY + HOUR };
  const accounts = Array.from({ length: 60 }, (_, index) => {
    const account = bench.open(settings({}, { name: `account-${index}` }));
    // Twenty read one bill, twenty have a bill each, twenty have too few costs to tell.
    const dollars = index < 20 ? 1 : 1 + index;
    const days = index < 40 ? [1, 2, 3] : [1];
    const lines = days.map((back) => cost(TODAY - back * DAY, 'a', dollars));
    bench.ledger.apply({ account, feed: FEED }, statement('hour', range, NOW + index, lines), [], NOW);
    return account;
  });
  const pairs = likePairs(recentCosts(bench.state, NOW), accounts, NOW);
  assert.deepEqual(
    pairs,
    accounts.slice(1, 20).map((account) => [accounts[0], account]),
  );
});
