import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Semaphore } from './semaphore.ts';

const { signal } = new AbortController();

it('semaphore grants slots in order', async () => {
  const semaphore = new Semaphore(1);
  const order: number[] = [];
  const first = await semaphore.acquire(signal);
  const rest = [1, 2, 3].map(async (place) => {
    const release = await semaphore.acquire(signal);
    order.push(place);
    release();
  });
  first();
  await Promise.all(rest);
  assert.deepEqual(order, [1, 2, 3]);
});

it('semaphore keeps no slot for an aborted caller', async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire(signal);
  const leaver = new AbortController();
  const left = assert.rejects(semaphore.acquire(leaver.signal), { message: 'gone' });
  const next = semaphore.acquire(signal);
  leaver.abort(new Error('gone'));
  await left;
  release();
  (await next)();
  (await semaphore.acquire(signal))();
});

it('semaphore grants no slot to an aborted signal', async () => {
  const semaphore = new Semaphore(1);
  await assert.rejects(semaphore.acquire(AbortSignal.abort(new Error('gone'))), { message: 'gone' });
  (await semaphore.acquire(signal))();
});

it('semaphore ignores a second release of the same slot', async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire(signal);
  release();
  const next = semaphore.tryAcquire();
  assert.ok(next);
  release();
  assert.equal(semaphore.tryAcquire(), undefined);
  next();
});

it('semaphore with a raised limit wakes callers that wait', async () => {
  const semaphore = new Semaphore(1);
  await semaphore.acquire(signal);
  const waiting = semaphore.acquire(signal);
  semaphore.limit = 2;
  (await waiting)();
});
