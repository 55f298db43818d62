import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConnectionLimit } from './connection-limit.ts';

test('nobody takes more than his share, and all together not more than there is', () => {
  const quota = createConnectionLimit({ all: 3, each: 2 });
  const first = quota.take('a');
  const second = quota.take('a');
  assert.ok(first && second);
  assert.equal(quota.take('a'), undefined);
  assert.ok(quota.take('b'));
  assert.equal(quota.take('c'), undefined);
  first();
  first();
  assert.ok(quota.take('c'), 'a place that is freed twice is one place');
  assert.equal(quota.take('d'), undefined);
});
