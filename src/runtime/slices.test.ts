import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeInSlices } from './slices.ts';

function* count(order: string[]): Generator<undefined, string> {
  for (const step of [1, 2, 3]) {
    order.push(`step ${step}`);
    // Nested, so that one is due at each turn.
    setImmediate(() => order.push(`turn after ${step}`));
    yield;
  }
  return 'result';
}

test('work in slices yields to the event loop after each slice', async () => {
  const order: string[] = [];
  assert.equal(await takeInSlices(count(order), 0), 'result');
  assert.deepEqual(order, ['step 1', 'turn after 1', 'step 2', 'turn after 2', 'step 3', 'turn after 3']);
});

test('work within one slice does not yield', async () => {
  const order: string[] = [];
  await takeInSlices(count(order), Number.POSITIVE_INFINITY);
  assert.deepEqual(order, ['step 1', 'step 2', 'step 3']);
});
