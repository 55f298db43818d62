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

it('one room in the whole process is in use at a time', async () => {
  const [first, second] = [createMemoryBudget()(signal), createMemoryBudget()(signal)];
  await first.enter();
  const { state, entered } = watch(second.enter());
  await settled();
  assert.equal(state.isIn, false);
  first.leave();
  await entered;
  second.leave();
});

it('an account stands in line once: another is next, however many of its answers are large', async () => {
  const roomOf = createMemoryBudget();
  const [a1, a2, a3, b] = [roomOf(signal), roomOf(signal), roomOf(signal), createMemoryBudget()(signal)];
  await a1.enter();
  const order: string[] = [];
  const all = [a2, a3].map((room) => room.enter().then(() => void order.push('a')));
  const other = b.enter().then(() => void order.push('b'));
  await settled();
  a1.leave();
  await settled();
  assert.deepEqual(order, ['b']);
  b.leave();
  await other;
  await settled();
  a2.leave();
  await settled();
  a3.leave();
  await Promise.all(all);
  assert.deepEqual(order, ['b', 'a', 'a']);
});

it('leaving without having entered, and twice, frees no room of another', async () => {
  const [idle, first, second] = [
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
  ];
  await first.enter();
  idle.leave();
  idle.leave();
  const { state, entered } = watch(second.enter());
  await settled();
  assert.equal(state.isIn, false);
  first.leave();
  first.leave();
  await entered;
  const third = createMemoryBudget()(signal);
  const waiting = watch(third.enter());
  await settled();
  assert.equal(waiting.state.isIn, false);
  second.leave();
  await waiting.entered;
  third.leave();
});

it('an abort in line gives the place up, and what was taken before', async () => {
  const roomOf = createMemoryBudget();
  const stopped = new AbortController();
  const [first, gone] = [createMemoryBudget()(signal), roomOf(stopped.signal)];
  await first.enter();
  const entering = gone.enter();
  await settled();
  stopped.abort(new Error('stopped'));
  await assert.rejects(entering, /stopped/);
  gone.leave();
  const second = roomOf(signal);
  const next = watch(second.enter());
  first.leave();
  await settled();
  assert.equal(next.state.isIn, true);
  second.leave();
});

it('a room left while it was in line passes its turn on', async () => {
  const [first, left, next] = [
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
    createMemoryBudget()(signal),
  ];
  await first.enter();
  const entering = left.enter();
  await settled();
  left.leave();
  const waiting = watch(next.enter());
  first.leave();
  await entering;
  await settled();
  assert.equal(waiting.state.isIn, true);
  next.leave();
});
