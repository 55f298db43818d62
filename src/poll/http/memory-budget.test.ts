import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createMemoryBudget } from './memory-budget.ts';

const { signal } = new AbortController();
/** Longer than any chain of promises takes that is not blocked. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function watch(promise: Promise<void>) {
  const state = { isIn: false };
  const entered = promise.then(() => {
    state.isIn = true;
  });
  return { state, entered };
}

it('memory budget grants one lease at a time in the process', async () => {
  const [first, second] = [createMemoryBudget()(signal), createMemoryBudget()(signal)];
  await first.acquire();
  const { state, entered } = watch(second.acquire());
  await settled();
  assert.equal(state.isIn, false);
  first.release();
  await entered;
  second.release();
});

it('memory budget queues one lease per account: another account is next', async () => {
  const leaseOf = createMemoryBudget();
  const [a1, a2, a3, b] = [leaseOf(signal), leaseOf(signal), leaseOf(signal), createMemoryBudget()(signal)];
  await a1.acquire();
  const order: string[] = [];
  const all = [a2, a3].map((lease) => lease.acquire().then(() => void order.push('a')));
  const other = b.acquire().then(() => void order.push('b'));
  await settled();
  a1.release();
  await settled();
  assert.deepEqual(order, ['b']);
  b.release();
  await other;
  await settled();
  a2.release();
  await settled();
  a3.release();
  await Promise.all(all);
  assert.deepEqual(order, ['b', 'a', 'a']);
});

it('memory lease that is not held, or released twice, frees no other', async () => {
  const [idle, first, second] = [
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
  ];
  await first.acquire();
  idle.release();
  idle.release();
  const { state, entered } = watch(second.acquire());
  await settled();
  assert.equal(state.isIn, false);
  first.release();
  first.release();
  await entered;
  const third = createMemoryBudget()(signal);
  const waiting = watch(third.acquire());
  await settled();
  assert.equal(waiting.state.isIn, false);
  second.release();
  await waiting.entered;
  third.release();
});

it('memory lease aborted while it waits leaves the queue and frees its slots', async () => {
  const leaseOf = createMemoryBudget();
  const stopped = new AbortController();
  const [first, gone] = [createMemoryBudget()(signal), leaseOf(stopped.signal)];
  await first.acquire();
  const entering = gone.acquire();
  await settled();
  stopped.abort(new Error('stopped'));
  await assert.rejects(entering, /stopped/);
  gone.release();
  const second = leaseOf(signal);
  const next = watch(second.acquire());
  first.release();
  await settled();
  assert.equal(next.state.isIn, true);
  second.release();
});

it('memory lease released while it waits passes its slot on', async () => {
  const [first, left, next] = [
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
  ];
  await first.acquire();
  const entering = left.acquire();
  await settled();
  left.release();
  const waiting = watch(next.acquire());
  first.release();
  await entering;
  await settled();
  assert.equal(waiting.state.isIn, true);
  next.release();
});
