import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Bench,
  cost,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { fromNumber } from '../values/money.ts';
import { HOUR } from '../values/time.ts';
import { type BudgetMatch, DEFAULT_BUDGET_ALERTS } from './budget.ts';
import { matchText } from './budget-matches.ts';

const SINCE = utc('2026-11-01');
const NOON = utc('2026-11-20T12:00');

function benchWith(...matches: readonly BudgetMatch[]): Bench {
  const bench = openBench(settings({}, { since: SINCE }));
  const limit = fromNumber(100);
  bench.ledger.setBudgets(
    matches.map((match, index) => ({
      name: `b${index}`,
      limit,
      period: 'month',
      match,
      ...DEFAULT_BUDGET_ALERTS,
    })),
  );
  return bench;
}

function read(bench: Bench, start: number, end: number, ...charges: readonly Charge[]): void {
  bench.apply(statement('hour', { start, end }, end, charges), end);
}

const llama = cost(NOON - HOUR, '', 1, { model: 'llama-3', tier: 'batch' });

/** What matches nothing of each budget, and the metric. */
function found({
  ledger,
}: Bench): (readonly [unmatched: string[] | undefined, metric: number | undefined])[] {
  const { families } = ledger.publish(NOON);
  const samples = families.find(({ name }) => name === 'ai_billing_budget_matches')?.samples ?? [];
  return ledger.budgetMatches(NOON).map(({ budget, unmatched }) => {
    const sample = samples.find(({ labels }) => labels[0] === budget.name);
    return [unmatched?.map(matchText), sample?.value];
  });
}

describe('budget matches', () => {
  test('a misspelt pattern is reported alone once history was read', () => {
    const bench = benchWith({}, { model: ['llama*', 'gtp*'] }, { model: ['gtp*'], resource: [''] });
    read(bench, SINCE, NOON, llama);
    assert.deepEqual(found(bench), [
      [[], 1],
      [['model gtp*'], 0],
      [['model gtp*'], 0],
    ]);
  });

  test('nothing is reported before history was read, except that a pattern matches', () => {
    const bench = benchWith({ model: ['gtp*'] }, { model: ['llama*'] });
    const unknown = [undefined, undefined];
    assert.deepEqual(found(bench), [unknown, unknown]);
    read(bench, NOON - 2 * HOUR, NOON, llama);
    assert.deepEqual(found(bench), [unknown, [[], 1]]);
    read(bench, SINCE, NOON - 2 * HOUR);
    assert.deepEqual(found(bench), [
      [['model gtp*'], 0],
      [[], 1],
    ]);
  });

  test('patterns that match, but never the same cost, are reported together', () => {
    const bench = benchWith({ model: ['llama*'], tier: ['flex'] });
    const other = cost(NOON - HOUR, '', 1, { model: 'gpt-4', tier: 'flex' });
    read(bench, SINCE, NOON, llama, other);
    assert.deepEqual(found(bench), [[['model llama*, tier flex'], 0]]);
    read(bench, NOON - HOUR, NOON, { ...llama, tier: 'flex' });
    assert.deepEqual(found(bench), [[[], 1]]);
  });

  test('a label that appears later ends the report', () => {
    const bench = benchWith({ model: ['gpt*'] });
    read(bench, SINCE, NOON - HOUR, { ...llama, at: SINCE });
    assert.deepEqual(found(bench), [[['model gpt*'], 0]]);
    read(bench, NOON - HOUR, NOON, { ...llama, model: 'gpt-5' });
    assert.deepEqual(found(bench), [[[], 1]]);
  });

  test('provider and account patterns are tested against the accounts, which may cost nothing', () => {
    const bench = benchWith({ provider: ['test', 'tset'] }, { account: ['prod'] });
    read(bench, SINCE, NOON);
    assert.deepEqual(found(bench), [
      [['provider tset'], 0],
      [[], 1],
    ]);
  });

  test('costs of an account that is no longer configured match nothing', () => {
    const bench = benchWith({ model: ['llama*'] });
    read(bench, SINCE, NOON, llama);
    const other = bench.open(settings({}, { name: 'other', since: SINCE }));
    assert.deepEqual(found(bench), [[[], 1]]);
    bench.ledger.deactivateAccount(bench.account);
    const range = { start: SINCE, end: NOON };
    bench.ledger.apply({ account: other, feed: 'usage' }, statement('hour', range, NOON), [], NOON);
    assert.deepEqual(found(bench), [[['model llama*'], 0]]);
  });
});
