import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SECOND } from '../../core/values/time.ts';
import { rateLimit } from './rate-limit.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

function read(headers: Readonly<Record<string, string>>): readonly (number | undefined)[] {
  const { remaining, resetAt } = rateLimit(headers, NOW);
  return [remaining, resetAt === undefined ? undefined : (resetAt - NOW) / SECOND];
}

describe('rateLimit of RunPod', () => {
  it('reads the tightest window of the current draft', () => {
    const documented = '"minute";r=0;t=12, "hour";r=2800;t=1812, "day";r=49500;t=45012';
    assert.deepEqual(read({ ratelimit: documented }), [0, 12]);
    assert.deepEqual(read({ ratelimit: '"minute";r=176;t=1,"hour";r=7;t=2701' }), [7, 2701]);
    assert.deepEqual(read({ ratelimit: 'minute; t=30; r=5; pk=":c2VjcmV0:"' }), [5, 30]);
  });

  it('waits for the last of several exhausted windows', () => {
    assert.deepEqual(
      read({ ratelimit: '"minute";r=0;t=10, "hour";r=0;t=1724, "day";r=9;t=86400' }),
      [0, 1724],
    );
  });

  it('reads earlier drafts, with one header or one for each value', () => {
    assert.deepEqual(read({ ratelimit: 'limit=100, remaining=50, reset=5' }), [50, 5]);
    assert.deepEqual(read({ 'ratelimit-remaining': '3', 'ratelimit-reset': '44' }), [3, 44]);
  });

  it('ignores what is no rate limit', () => {
    for (const ratelimit of ['', 'often', '"minute";r=0', '"minute";r=;t=', '"minute";r=1.5;t=3', 'r=-1;t=4'])
      assert.deepEqual(read({ ratelimit }), [undefined, undefined], ratelimit);
    assert.deepEqual(read({}), [undefined, undefined]);
  });
});
