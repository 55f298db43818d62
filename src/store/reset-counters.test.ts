import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ALL, type History, START } from '../../test/support/ledger/histories.ts';
import {
  cost,
  netOf,
  OPENED,
  settings,
  statement,
  twoStreams,
  valuesOf,
} from '../../test/support/ledger/ledger.ts';
import { modelOf } from '../../test/support/ledger/model.ts';
import { assertProperty } from '../../test/support/ledger/property.ts';
import { audit } from '../core/ledger/audit.ts';
import type { AccountSettings } from '../core/ledger/settings.ts';
import { LedgerState } from '../core/ledger/state.ts';
import { Ledger } from '../core/ledger.ts';
import type { Statement } from '../core/statement/statement.ts';
import { type Fixed, ONE } from '../core/values/money.ts';
import { DAY, type Granularities, HOUR, type Instant, MINUTE, SECOND } from '../core/values/time.ts';
import { openDatabase } from './open.ts';
import { resetCounters } from './reset-counters.ts';
import { sqliteStore } from './sqlite.ts';

/** Histories per law in the gate. */
const RUNS = 150;
const RESTORED = START + 10 * DAY;

/** A ledger over a database that is the test's. */
function bench({ stream }: History) {
  const database = openDatabase(':memory:');
  const account: AccountSettings = settings(stream);
  const settingsOf = () => account.streams[0];
  const opened = () => {
    const store = sqliteStore(database);
    const ledger = new Ledger(store);
    return { store, ledger, id: ledger.openAccount(account, OPENED) };
  };
  let { store, ledger, id } = opened();
  let now = START + 5 * DAY;
  return {
    get ledger() {
      return ledger;
    },
    read(statement: Statement) {
      now += MINUTE;
      ledger.apply({ account: id, feed: 'usage' }, statement, [], now);
    },
    /** The file is as it was, and the program starts again over it. */
    restore(at = now) {
      resetCounters(database, at, settingsOf);
      ({ store, ledger, id } = opened());
      now = at;
    },
    /** Time passes, and what is shown then is the same before and after maintenance. */
    maintain(at: Instant) {
      now = at;
      const before = valuesOf(ledger, now);
      ledger.maintain(now);
      assert.deepEqual(valuesOf(ledger, now), before);
    },
    now: () => now,
    audit: () => audit({ state: new LedgerState(store), store, settingsOf }),
    state: () => new LedgerState(store),
    shown: () => valuesOf(ledger, RESTORED),
    deliveries: () => store.deliveries('a'),
    close: () => database.close(),
  };
}

const nonZero = (amounts: ReadonlyMap<string, Fixed>) =>
  Object.fromEntries([...amounts].filter(([, value]) => value !== 0n).sort());

const restoredHistories = ALL.chain((history) =>
  fc.record({ history: fc.constant(history), at: fc.nat(12) }),
);

/** As-ofs of an account only grow over a start of the program, see `poll/open-account.ts`. */
function laterThan(before: readonly Statement[], after: readonly Statement[]): Statement[] {
  const last = Math.max(...before.map(({ asOf }) => asOf));
  return after.map((each, index) =>
    each.asOf > last ? each : { ...each, asOf: last + 30 * SECOND + index },
  );
}

const isCounter = (name: string) => /_total\|/.test(name);

/** Restores the ledger after its first statements, and holds it to what is read then. Returns what its counters come to. */
function assertRestored(history: History, restoredAfter: number) {
  const statements = statementsOf(history);
  const before = statements.slice(0, restoredAfter);
  const after = laterThan(before, statements.slice(restoredAfter));
  if (before.length === 0) return {};
  const life = bench(history);
  const { read, shown, close } = life;
  for (const statement of before) read(statement);
  const was = shown();
  life.restore(RESTORED);
  for (const [name, value] of shown()) assert.equal(value, isCounter(name) ? 0 : was.get(name), name);
  assert.equal(shown().size, was.size);
  assert.deepEqual(life.audit(), []);
  for (const statement of after) read(statement);
  assert.deepEqual(life.audit(), []);
  const model = modelOf([...before, ...after], { ...history, restoredAfter: before.length });
  const net = nonZero(netOf(life.state()));
  assert.deepEqual(net, nonZero(model.net()));
  close();
  return net;
}

/** Reads a history and lets the months pass. */
function assertKept(history: History): void {
  const { read, maintain, audit, close } = bench(history);
  for (const statement of statementsOf(history)) read(statement);
  assert.deepEqual(audit(), []);
  for (const days of [8, 20, 80]) {
    maintain(START + days * DAY);
    assert.deepEqual(audit(), []);
  }
  close();
}

const statementsOf = ({ steps }: History) =>
  steps.flatMap((step) => (step.kind === 'read' ? [step.statement] : []));

test('reset counters: counters are 0, gauges stay, and net is cells less restored ones', () => {
  assertProperty(
    fc.property(restoredHistories, ({ history, at }) => void assertRestored(history, at + 1)),
    { numRuns: RUNS },
  );
});

test('audit: the ledger adds up for any order of statements and compactions', () => {
  assertProperty(fc.property(ALL, assertKept), { numRuns: RUNS });
});

test('reset counters: each stream begins again with its own newest reading', () => {
  const own = twoStreams();
  const database = openDatabase(':memory:');
  const read = (name: string, asOf: Instant) => {
    const ledger = new Ledger(sqliteStore(database));
    const account = ledger.openAccount(own, OPENED);
    const range = { start: START, end: asOf };
    ledger.apply({ account, feed: name }, { ...statement('hour', range, asOf), stream: name }, [], asOf);
  };
  read('usage', START + HOUR);
  read('second', START + 2 * HOUR);
  read('usage', START + 3 * HOUR);
  const baselines = () =>
    sqliteStore(database)
      .load()
      .streams.map(({ baseline }) => baseline);
  assert.deepEqual(baselines(), [START + HOUR, START + 2 * HOUR]);
  resetCounters(database, RESTORED, () => own.streams[0]);
  assert.deepEqual(baselines(), [START + 3 * HOUR, START + 2 * HOUR]);
  database.close();
});

const EVENTS = ['nothing', 'nothing', 'days', 'months', 'restore'] as const;
const eventfulHistories = ALL.chain((history) =>
  fc.record({
    history: fc.constant(history),
    events: fc.array(fc.constantFrom(...EVENTS), { minLength: 14, maxLength: 14 }),
  }),
);

test('audit: the ledger adds up after each statement, compaction, closing and restore', () => {
  assertProperty(
    fc.property(eventfulHistories, ({ history, events }) => {
      const { read, maintain, restore, now, audit, close } = bench(history);
      for (const [index, statement] of statementsOf(history).entries()) {
        read(statement);
        assert.deepEqual(audit(), []);
        const event = events[index];
        if (event === 'days') maintain(now() + 3 * DAY);
        else if (event === 'months') maintain(now() + 45 * DAY);
        else if (event === 'restore') restore();
        assert.deepEqual(audit(), []);
      }
      close();
    }),
    { numRuns: RUNS },
  );
});

/** A history of readings alone. */
function historyOf(granularities: Granularities, ...read: readonly Statement[]): History {
  const steps = read.map((each) => ({ kind: 'read' as const, statement: each }));
  return { stream: { granularities, settleMs: SETTLE_MS }, granularities, settleMs: SETTLE_MS, steps };
}

const SETTLE_MS = 6 * HOUR;
const NEXT = START + DAY;
const TEN = { start: START + 10 * HOUR, end: START + 11 * HOUR };
const DAY_ONE = { start: START, end: NEXT };

describe('audit regressions', () => {
  // Seeds -883227681 and 1705966747 of the law of restores: the model took only what the settled day names.
  for (const granularities of [
    ['minute', 'hour', 'day'],
    ['hour', 'day'],
  ] as const) {
    test(`${granularities}: what a settled day lacks of a restored ledger is a correction`, () => {
      const history = historyOf(
        granularities,
        statement('day', DAY_ONE, NEXT + 3 * MINUTE, [cost(START, 'b', 2)]),
        statement(granularities[0], TEN, TEN.end - 2 * MINUTE, [cost(TEN.start, 'a', 1)]),
        statement('day', DAY_ONE, NEXT + DAY, [cost(START, 'b', 3)]),
      );
      assert.deepEqual(assertRestored(history, 2), { a: -ONE, b: ONE });
    });
  }

  // Seed -529228635 of the law of compaction.
  test('an hour that was read before it began is rolled up with its charges', () => {
    assertKept(
      historyOf(
        ['minute', 'hour', 'day'],
        statement('minute', { start: TEN.start, end: TEN.start + MINUTE }, TEN.start - MINUTE),
        statement('hour', { start: START, end: TEN.end }, START - MINUTE, [cost(TEN.start, 'a', 1)]),
      ),
    );
  });

  test('a day that was read before it began is rolled up beside days read in time', () => {
    assertKept(
      historyOf(
        ['hour', 'day'],
        statement('hour', { start: NEXT, end: NEXT + HOUR }, START - 2 * MINUTE),
        statement('day', DAY_ONE, START - MINUTE, [cost(START, 'a', 1)]),
        statement('hour', { start: NEXT, end: NEXT + DAY }, NEXT + DAY, [cost(NEXT, 'a', 2)]),
      ),
    );
  });

  test('hours of a stream without daily readings are rolled up', () => {
    assertKept(
      historyOf(
        ['minute', 'hour'],
        statement('minute', TEN, TEN.end, [cost(TEN.start, 'a', 1)]),
        statement('hour', { start: TEN.end, end: NEXT }, NEXT + DAY, [cost(TEN.end, 'a', 2)]),
      ),
    );
  });
});
