import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL, CLOSED_DAYS, type History, START, type Step } from '../../../test/support/ledger/histories.ts';
import {
  type Bench,
  netOf,
  openBench,
  Refused,
  settings,
  twoStreams,
  valuesOf,
} from '../../../test/support/ledger/ledger.ts';
import { isTold, modelOf } from '../../../test/support/ledger/model.ts';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { WINDOWS, windowAt } from '../reports/windows.ts';
import type { Statement } from '../statement/statement.ts';
import { type Fixed, ONE } from '../values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, startOfMonth } from '../values/time.ts';
import { audit } from './audit.ts';
import type { LedgerState } from './state.ts';

/** Histories per law in the gate. */
const RUNS = 400;

/** Runs a history, holding what is exposed to the laws at each step. Returns the statements that were applied, in order. */
function play(history: History, bench: Bench): Statement[] {
  const applied: Statement[] = [];
  let now = START + 10 * DAY;
  let version = 0;
  let before = new Map<string, number>();
  for (const step of history.steps) {
    now += MINUTE;
    if (step.kind === 'read') {
      bench.apply(step.statement, now);
      applied.push(step.statement);
    } else if (step.kind === 'again') {
      const known = applied[step.index % Math.max(1, applied.length)];
      if (known) assertUnmoved(bench, now, () => bench.apply(known, now));
    } else if (step.kind === 'fail') {
      assertUnmoved(bench, now, () => refused(bench, step.statement, now));
    } else if (step.kind === 'restart') {
      assertUnmoved(bench, now, () => bench.reopen());
      version = 0;
    } else if (step.kind === 'shown') bench.ledger.markDelivered(version);
    else bench.ledger.expireZeroHolds(now, 2 * MINUTE);
    const after = valuesOf(bench.ledger, now);
    version += 1;
    assertNeverLower(before, after);
    before = after;
  }
  return applied;
}

function refused(bench: Bench, statement: Statement, now: Instant): void {
  bench.failNextCommit();
  assert.throws(() => bench.apply(statement, now), Refused);
}

function assertUnmoved(bench: Bench, now: Instant, act: () => void): void {
  const before = moneyOf(bench, now);
  act();
  assert.deepEqual(moneyOf(bench, now), before);
}

/** What is shown of money: the feed's own times may move without it. */
function moneyOf(bench: Bench, now: Instant): Map<string, number> {
  return new Map([...bench.values(now)].filter(([name]) => name.startsWith('ai_billing_cost_')));
}

function assertNeverLower(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): void {
  for (const [name, value] of before) {
    if (!name.includes('_total|')) continue;
    const now = after.get(name);
    assert.ok(now !== undefined && now >= value, `${name} went from ${value} to ${now}`);
  }
}

const nonZero = (amounts: ReadonlyMap<string, Fixed>) =>
  Object.fromEntries([...amounts].filter(([, value]) => value !== 0n).sort());

function assertModel(history: History, applied: readonly Statement[], bench: Bench, stream = 1): void {
  const model = modelOf(applied, history);
  const { state } = bench;
  assert.deepEqual(nonZero(netOf(state, stream)), nonZero(model.net()), 'net is cells less baseline');
  const sums = (kind: 'day' | 'month', start: Instant) => sumsOf(state, stream, kind, start);
  const month = new Map<string, Fixed>();
  for (const day of model.days()) {
    const expected = model.day(day);
    assert.deepEqual(
      nonZero(sums('day', day)),
      nonZero(expected),
      `the cells of ${new Date(day).toISOString()}`,
    );
    for (const [name, value] of expected) month.set(name, (month.get(name) ?? 0n) + value);
  }
  assert.deepEqual(nonZero(sums('month', startOfMonth(START))), nonZero(month), 'the cells of the month');
}

function sumsOf(state: LedgerState, stream: number, kind: 'day' | 'month', start: Instant) {
  const totals = [...state.periodTotals(kind, start)];
  return new Map(
    totals.flatMap(([id, value]) => {
      const row = state.series.get(id);
      return row?.stream === stream ? [[row.resource, value] as const] : [];
    }),
  );
}

const benchOf = (history: History) => openBench(settings(history.stream));

test('ledger matches the reference model for any order of statements', () => {
  assertProperty(
    fc.property(ALL, (history) => {
      const bench = benchOf(history);
      const applied = play(history, bench);
      assertModel(history, applied, bench);
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

/** The histories of two streams of one account, in one order. */
const TWO_STREAMS = fc.tuple(ALL, ALL, fc.array(fc.boolean(), { minLength: 28, maxLength: 28 }));

function interleaved(first: History, second: History, order: readonly boolean[]): Step[] {
  const [left, right] = [[...first.steps], second.steps.map((step) => inStream(step, 'second'))];
  const all = order.flatMap((isLeft) => (isLeft ? left : right).shift() ?? []);
  return [...all, ...left, ...right];
}

/** Streams of an account never share a label set. */
function inStream(step: Step, stream: string): Step {
  if (!('statement' in step)) return step;
  const charges = step.statement.charges.map((each) => ({ ...each, resource: `${stream} ${each.resource}` }));
  return { ...step, statement: { ...step.statement, stream, charges } };
}

test('ledger matches the reference model for two streams of an account, first read at any time', () => {
  assertProperty(
    fc.property(TWO_STREAMS, ([first, second, order]) => {
      const own = twoStreams(first.stream, second.stream);
      const bench = openBench(own);
      const applied = play({ ...first, steps: interleaved(first, second, order) }, bench);
      const { state, store } = bench;
      for (const [name, history] of [
        ['usage', first],
        ['second', second],
      ] as const) {
        const ofStream = applied.filter(({ stream }) => stream === name);
        const row = state.streamOf(bench.account, name);
        assert.equal(row?.baseline, ofStream[0]?.asOf);
        if (row) assertModel(history, ofStream, bench, row.id);
      }
      const settingsOf = (_: unknown, stream: string) => own.streams.find(({ name }) => name === stream);
      assert.deepEqual(audit({ state, store, settingsOf }), []);
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

test('ledger of closed days shows exactly the windows whose days were billed', () => {
  const lags = fc.record({ since: fc.nat(2), later: fc.nat(40), lagHours: fc.nat(60) });
  assertProperty(
    fc.property(CLOSED_DAYS, lags, (history, { since: first, later, lagHours }) => {
      const since = START + first * DAY;
      const lagMs = lagHours * HOUR;
      const bench = openBench(settings({ ...history.stream, lagMs }, { since }));
      const applied = play(history, bench);
      const now = Math.max(START, ...applied.map(({ asOf }) => asOf)) + later * HOUR;
      const values = bench.values(now);
      const model = modelOf(applied, history);
      for (const window of WINDOWS) {
        const utc = windowAt(window, now);
        const isKnown = utc.end > since && isTold(applied, { ...utc, start: Math.max(utc.start, since) });
        const days = model.days().filter((day) => day >= utc.start && day < utc.end);
        const amounts = days.flatMap((day) => [...model.day(day).values()]);
        const billed = Number(amounts.reduce((total, value) => total + value, 0n) / ONE);
        const gauges = [...values].filter(([name]) => name.startsWith(`ai_billing_cost_${window}_usd|`));
        const sum = gauges.reduce((total, [, value]) => total + value, 0);
        const what = `${window} at ${new Date(now).toISOString()}`;
        assert.equal(gauges.length > 0 ? sum : undefined, isKnown ? billed : undefined, what);
        const complete = values.get(`ai_billing_cost_window_complete|test|prod|${window}`);
        assert.equal(complete, isKnown && utc.start >= since ? 1 : 0, what);
      }
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

test('ledger cells and net do not depend on the order after the first statement', () => {
  const shuffled = ALL.chain((history) =>
    fc.record({ history: fc.constant(history), order: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }) }),
  );
  assertProperty(
    fc.property(shuffled, ({ history, order }) => {
      const [first, ...rest] = history.steps.flatMap((step) =>
        step.kind === 'read' ? [step.statement] : [],
      );
      if (!first) return;
      const results = [rest, reordered(rest, order)].map((each) => {
        const bench = benchOf(history);
        for (const statement of [first, ...each]) bench.apply(statement, START + 10 * DAY);
        const days = [-1, 0, 1, 2, 3].map((day) => nonZero(sumsOf(bench.state, 1, 'day', START + day * DAY)));
        const net = nonZero(netOf(bench.state));
        bench.ledger.close();
        return { days, net };
      });
      assert.deepEqual(results[1], results[0]);
    }),
    { numRuns: RUNS },
  );
});

function reordered<T>(items: readonly T[], order: readonly number[]): T[] {
  return items
    .map((item, index) => ({ item, key: order[index] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
