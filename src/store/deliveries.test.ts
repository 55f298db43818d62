import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openBench, settings } from '../../test/support/ledger/ledger.ts';
import type { Delivery } from '../core/ledger/records.ts';

function told(labels: readonly string[], total: number, at: number): Delivery {
  return { family: 'ai_billing_cost_usd_total', labels, createdAt: 5, total, at };
}

function opener(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return () => openBench(settings(), { path: join(folder, 'ledger.db') });
}

test('deliveries: the newest of each series survive a restart to the last bit', (t) => {
  const open = opener(t);
  const bench = open();
  const labels = ['a', 'b "quoted"\n', ''];
  bench.ledger.deliveries('vendor').remember([told(labels, 0.1, 10), told(['x'], 1 / 3, 10)]);
  bench.ledger.deliveries('vendor').remember([told(labels, 0.1 + 0.2, 20)]);
  bench.ledger.close();
  const again = open();
  const { isNew, load } = again.ledger.deliveries('vendor');
  assert.equal(isNew, false);
  assert.deepEqual(load(), [told(labels, 0.1 + 0.2, 20), told(['x'], 1 / 3, 10)]);
  again.ledger.close();
});

test('deliveries: each receiver is known from its first delivery on, even an empty one', (t) => {
  const bench = opener(t)();
  assert.equal(bench.ledger.deliveries('vendor').isNew, true);
  bench.ledger.deliveries('vendor').remember([]);
  assert.equal(bench.ledger.deliveries('vendor').isNew, false);
  assert.equal(bench.ledger.deliveries('other').isNew, true);
  assert.deepEqual(bench.ledger.deliveries('other').load(), []);
  bench.ledger.close();
});

test('deliveries: a failed write leaves the previous ones', (t) => {
  const bench = opener(t)();
  bench.ledger.deliveries('vendor').remember([told(['a'], 1, 10)]);
  bench.failNextCommit();
  assert.throws(() => bench.ledger.deliveries('vendor').remember([told(['a'], 2, 20)]));
  assert.deepEqual(bench.ledger.deliveries('vendor').load(), [told(['a'], 1, 10)]);
  bench.ledger.close();
});
