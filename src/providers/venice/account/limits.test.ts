import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimits, readLimits } from './limits.ts';

test('no more limits are shown than an account can have, and that there are more is told', () => {
  const limitsOf = (count: number) => {
    const rateLimits = Array.from({ length: count }, (_, index) => ({
      apiModelId: `m${index}`,
      rateLimits: [{ amount: 1, type: 'RPM' }],
    }));
    const body = RateLimits.parse({ data: { apiTier: { id: 'paid' }, rateLimits } });
    const { observations, drift } = readLimits(body, { now: 0 });
    return [observations.length, drift.map(({ kind }) => kind)];
  };
  assert.deepEqual(limitsOf(1000), [1001, []]);
  assert.deepEqual(limitsOf(1001), [1001, ['too_many_rows']]);
});
