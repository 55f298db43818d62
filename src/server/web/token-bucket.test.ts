import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { createTokenBucket } from './token-bucket.ts';

test('token bucket starts full and gains one token per interval', () => {
  let at = 0;
  const bucket = createTokenBucket({ intervalMs: 100, burst: 2 }, () => at);
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 100]);
  at = 60;
  assert.equal(bucket.take(), 40);
  at = 100;
  assert.deepEqual([bucket.take(), bucket.take()], [0, 100]);
  at = 100_000;
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 100]);
});

test('token bucket never admits more than the burst plus one per interval', () => {
  const Steps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 });
  assertProperty(
    fc.property(
      Steps,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      (steps, intervalMs, burst) => {
        let at = 0;
        const bucket = createTokenBucket({ intervalMs, burst }, () => at);
        const passed: number[] = [];
        for (const step of steps) {
          at += step;
          if (bucket.take() === 0) passed.push(at);
        }
        for (const [index, from] of passed.entries()) {
          for (const [more, to] of passed.slice(index).entries())
            assert.ok(more + 1 <= burst + (to - from) / intervalMs + 1e-6);
        }
      },
    ),
  );
});
