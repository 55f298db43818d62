import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionLimit } from './connection-limit.ts';

test('ConnectionLimit enforces the limit per key and in total', () => {
  const limit = new ConnectionLimit({ total: 3, perKey: 2 });
  const first = limit.acquire('a');
  const second = limit.acquire('a');
  assert.ok(first && second);
  assert.equal(limit.acquire('a'), undefined);
  assert.ok(limit.acquire('b'));
  assert.equal(limit.acquire('c'), undefined);
  first();
  first();
  assert.ok(limit.acquire('c'), 'releasing a place twice frees one place');
  assert.equal(limit.acquire('d'), undefined);
});
