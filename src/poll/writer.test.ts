import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  cost,
  FEED,
  netOf,
  openBench,
  settings,
  statement,
  utc,
  valuesOf,
} from '../../test/support/ledger/ledger.ts';
import { StoreError } from '../core/ledger/records.ts';
import { LedgerState } from '../core/ledger/state.ts';
import { Ledger } from '../core/ledger.ts';
import { fromNumber } from '../core/values/money.ts';
import { HOUR } from '../core/values/time.ts';
import { cacheCells } from '../store/cache.ts';
import { openDatabase } from '../store/open.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { createWriter } from './writer.ts';

const AT = utc('2026-11-20T10:00');
const TOTAL = 'ai_billing_cost_usd_total';

/** A ledger with its baseline, a writer over it, and how often it was made durable. */
function bench() {
  const ledger = openBench(settings());
  const hour = (index: number) => ({ start: AT + index * HOUR, end: AT + (index + 1) * HOUR });
  ledger.apply(statement('hour', hour(0), AT + 1, [cost(AT, 'a', 1)]));
  let groups = 0;
  let fails = false;
  const write = createWriter((work) => {
    groups += 1;
    ledger.ledger.transaction(() => {
      work();
      if (fails) throw new Error('the disk is full');
    });
  }, Number.POSITIVE_INFINITY);
  const reading = (index: number, asOf: number) =>
    statement('hour', hour(index), asOf, [cost(AT + index * HOUR, 'a', 2 ** index)]);
  return {
    ...ledger,
    write,
    apply: (index: number) => write(() => ledger.apply(reading(index, AT + HOUR + index))),
    groups: () => groups,
    failGroups(next: boolean) {
      fails = next;
    },
    total: () => ledger.value(TOTAL, 'a', AT + 9 * HOUR),
  };
}

test('writer commits the work of one event loop iteration together, except the first', async () => {
  const { apply, groups, total } = bench();
  await Promise.all([1, 2, 3, 4].map(apply));
  assert.equal(groups(), 1);
  assert.equal(total(), 2 + 4 + 8 + 16);
});

test('writer isolates work that fails from the rest of its group', async () => {
  const { apply, write, failNextCommit, total } = bench();
  const first = apply(1);
  const all = await Promise.allSettled([
    first,
    write(() => failNextCommit()),
    apply(2),
    write(() => {
      throw new RangeError('not as documented');
    }),
    apply(3),
  ]);
  assert.deepEqual(
    all.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled'],
  );
  assert.equal(total(), 2 + 8);
});

test('writer rolls back a group that is not stored, and stores it when it is read again', async () => {
  const { apply, failGroups, total, ledger, account } = bench();
  failGroups(true);
  const ended = await Promise.allSettled([1, 2, 3].map(apply));
  assert.deepEqual(
    ended.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  assert.equal(total(), 2);
  assert.equal(ledger.lastAsOf(account), AT + HOUR + 1);
  failGroups(false);
  await Promise.all([2, 3].map(apply));
  assert.equal(total(), 2 + 4 + 8);
});

test('writer accepts no work based on a group that was not stored', async () => {
  const real = sqliteStore(openDatabase(':memory:'));
  let [failsGroup, failsLoad] = [false, false];
  const store = cacheCells({
    ...real,
    together: (work) =>
      real.together(() => {
        work();
        if (failsGroup) throw new Error('disk I/O error');
      }),
    load() {
      if (failsLoad) throw new StoreError('disk I/O error');
      return real.load();
    },
  });
  const ledger = new Ledger(store);
  const account = ledger.openAccount(settings(), AT);
  const write = createWriter((work) => ledger.transaction(work), Number.POSITIVE_INFINITY);
  const apply = (index: number) => {
    const range = { start: AT + index * HOUR, end: AT + (index + 1) * HOUR };
    const charges = [cost(range.start, 'a', 2 ** index)];
    const given = statement('hour', range, AT + HOUR + index, charges);
    return write(() => ledger.apply({ account, feed: FEED }, given, [], given.asOf));
  };
  const statuses = async (indexes: readonly number[]) =>
    (await Promise.allSettled(indexes.map(apply))).map(({ status }) => status);
  await apply(0);
  await setImmediate();
  [failsGroup, failsLoad] = [true, true];
  assert.deepEqual(await statuses([1, 2, 3]), ['fulfilled', 'rejected', 'rejected']);
  failsGroup = false;
  await setImmediate();
  assert.throws(() => ledger.publish(AT + 9 * HOUR), StoreError, 'what is not stored is not shown');
  assert.deepEqual(await statuses([4]), ['rejected']);
  failsLoad = false;
  await setImmediate();
  assert.deepEqual(await statuses([4]), ['rejected'], 'it was made of what is not stored');
  await setImmediate();
  assert.deepEqual(await statuses([2, 3]), ['fulfilled', 'fulfilled']);
  assert.equal([...netOf(new LedgerState(store)).values()][0], fromNumber(2 + 4 + 8));
  const shown = valuesOf(ledger, AT + 9 * HOUR);
  const reopened = new Ledger(store);
  reopened.openAccount(settings(), AT);
  assert.deepEqual(valuesOf(reopened, AT + 9 * HOUR), shown);
});
