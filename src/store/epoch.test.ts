import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL, type History, START } from '../../test/support/histories.ts';
import { netOf, OPENED, settings, valuesOf } from '../../test/support/ledger.ts';
import { modelOf } from '../../test/support/model.ts';
import { assertProperty } from '../../test/support/property.ts';
import { audit } from '../core/audit.ts';
import { type AccountSettings, openLedger } from '../core/ledger.ts';
import type { Fixed } from '../core/money.ts';
import type { Statement } from '../core/statement.ts';
import { DAY, type Instant, MINUTE, SECOND } from '../core/time.ts';
import { beginEpoch } from './epoch.ts';
import { openDatabase } from './open.ts';
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
    const ledger = openLedger(store);
    return { store, ledger, id: ledger.open(account, OPENED) };
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
    restore() {
      beginEpoch(database, RESTORED, settingsOf);
      ({ store, ledger, id } = opened());
      now = RESTORED;
    },
    maintain: (at: Instant) => ledger.maintain(at),
    audit: () => audit({ book: ledger.book, store, settingsOf }),
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

/** As-ofs of an account only grow over a start of the program, see `poll/accounts.ts`. */
function laterThan(before: readonly Statement[], after: readonly Statement[]): Statement[] {
  const last = Math.max(...before.map(({ asOf }) => asOf));
  return after.map((each, index) =>
    each.asOf > last ? each : { ...each, asOf: last + 30 * SECOND + index },
  );
}

const isCounter = (name: string) => /_total\|/.test(name);

/** Restores the ledger after its first statements, and holds it to what is read then. */
function assertRestored(history: History, restoredAfter: number): void {
  const statements = statementsOf(history);
  const before = statements.slice(0, restoredAfter);
  const after = laterThan(before, statements.slice(restoredAfter));
  if (before.length === 0) return;
  const life = bench(history);
  const { read, restore, shown, close } = life;
  for (const statement of before) read(statement);
  const was = shown();
  restore();
  for (const [name, value] of shown()) assert.equal(value, isCounter(name) ? 0 : was.get(name), name);
  assert.equal(shown().size, was.size);
  assert.deepEqual(life.audit(), []);
  for (const statement of after) read(statement);
  assert.deepEqual(life.audit(), []);
  const model = (known: readonly Statement[]) =>
    modelOf(known, { ...history, restoredAfter: before.length }).net();
  const expected = difference(model([...before, ...after]), model(before));
  assert.deepEqual(nonZero(netOf(life.ledger)), nonZero(expected));
  close();
}

/** Of every name that either side has: a later reading need not name what was restored. */
function difference(
  after: ReadonlyMap<string, Fixed>,
  before: ReadonlyMap<string, Fixed>,
): Map<string, Fixed> {
  const names = new Set([...after.keys(), ...before.keys()]);
  return new Map([...names].map((name) => [name, (after.get(name) ?? 0n) - (before.get(name) ?? 0n)]));
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

test('after a restore counters are 0, gauges as they were, and from then on net is cells less those restored', () => {
  assertProperty(
    fc.property(restoredHistories, ({ history, at }) => assertRestored(history, at + 1)),
    { numRuns: RUNS },
  );
});

test('whatever was read in whatever order and made compact, the ledger adds up', () => {
  assertProperty(fc.property(ALL, assertKept), { numRuns: RUNS });
});
