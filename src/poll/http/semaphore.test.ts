import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSemaphore } from './semaphore.ts';

const { signal } = new AbortController();

it('turns go round in the order they were asked for', async () => {
  const takeTurn = createSemaphore(1);
  const order: number[] = [];
  const first = await takeTurn(signal);
  const rest = [1, 2, 3].map(async (place) => {
    const endTurn = await takeTurn(signal);
    order.push(place);
    endTurn();
  });
  first();
  await Promise.all(rest);
  assert.deepEqual(order, [1, 2, 3]);
});

it('who leaves the line does not keep a turn', async () => {
  const takeTurn = createSemaphore(1);
  const endTurn = await takeTurn(signal);
  const leaver = new AbortController();
  const left = assert.rejects(takeTurn(leaver.signal), { message: 'gone' });
  const next = takeTurn(signal);
  leaver.abort(new Error('gone'));
  await left;
  endTurn();
  (await next)();
  (await takeTurn(signal))();
});

it('an aborted signal takes no turn', async () => {
  const takeTurn = createSemaphore(1);
  await assert.rejects(takeTurn(AbortSignal.abort(new Error('gone'))), { message: 'gone' });
  (await takeTurn(signal))();
});
