import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, FEED, openBench, settings, statement, utc } from '../../test/support/ledger/ledger.ts';
import { LedgerState } from '../core/ledger/state.ts';
import type { Ledger } from '../core/ledger.ts';
import { MAX_DOLLARS } from '../core/values/money.ts';
import { DAY } from '../core/values/time.ts';
import { applyStatement } from './apply-statement.ts';

const NOW = utc('2026-11-20T12:00');
const RANGE = { start: utc('2026-11-18'), end: utc('2026-11-21') };
const DAYS = [0, 1, 2].map((index) => RANGE.start + index * DAY);
const RESOURCES = [{ resource: 'r0', name: 'one' }];

/** A ledger that says what is applied to it, and a statement of three days with so many lines each. */
function bench(linesPerDay: number) {
  const { store, ledger, account } = openBench(settings({ granularities: ['day'] }));
  const order: string[] = [];
  const applyPart = ledger.apply.bind(ledger);
  Object.assign(ledger, {
    apply(...given: Parameters<Ledger['apply']>) {
      order.push(`${given[1].charges.length} lines`);
      setImmediate(() => order.push('turn'));
      return applyPart(...given);
    },
  });
  const lines = DAYS.flatMap((at) =>
    Array.from({ length: linesPerDay }, (_, index) => cost(at, `r${index % 100}`, 1)),
  );
  const ending = new AbortController();
  const apply = (more: typeof lines = []) => {
    const given = statement('day', RANGE, NOW, [...lines, ...more]);
    const to = { key: { account, feed: FEED }, ledger, now: () => NOW };
    return applyStatement(to, given, RESOURCES, ending.signal);
  };
  return { apply, order, ending, account, store, ledger };
}

test('large statement is applied in parts, yields to the event loop in between, and counts as one', async () => {
  const { apply, order, store, ledger, account } = bench(6000);
  const applied = await apply();
  assert.deepEqual(order, ['6000 lines', 'turn', '6000 lines', 'turn', '6000 lines']);
  assert.equal(applied.changed, true);
  assert.equal(new LedgerState(store).resource(account, 'r0')?.facts.name, 'one');
  assert.deepEqual(ledger.coverage(account, 'usage', 'day').gaps(RANGE), []);
  assert.equal((await apply()).changed, false);
});

test('small statement is applied at once', async () => {
  const { apply, order } = bench(2);
  await apply();
  assert.deepEqual(order, ['6 lines']);
});

test('large statement with an absurd amount on its oldest day is not applied at all', async () => {
  const { apply, order } = bench(6000);
  await assert.rejects(apply([{ ...cost(RANGE.start, 'r', 1), value: 2n * MAX_DOLLARS }]), RangeError);
  assert.deepEqual(order, []);
});

test('large statement stops between two parts when the poll is aborted', async () => {
  const { apply, order, ending } = bench(6000);
  const applying = apply();
  const reason = new Error('stopped');
  await new Promise<void>((resolve) => {
    const look = () => (order.length > 0 ? resolve() : setImmediate(look));
    look();
  });
  ending.abort(reason);
  await assert.rejects(applying, reason);
  assert.equal(order.filter((each) => each !== 'turn').length, 1);
});
