import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOUR, MINUTE } from '../../core/values/time.ts';
import { northflank } from './index.ts';

describe('northflank', () => {
  it('takes durations in s, m, h and d, and nothing unknown', () => {
    const dueAfter = (text: string) => northflank.config.parse({ dueAfter: text });
    assert.deepEqual(northflank.config.parse({}), { dueAfter: 15 * MINUTE, customerCosts: true });
    assert.deepEqual(dueAfter('0s'), { dueAfter: 0, customerCosts: true });
    assert.deepEqual(dueAfter('1.5h'), { dueAfter: 1.5 * HOUR, customerCosts: true });
    assert.deepEqual(dueAfter('2d'), { dueAfter: 48 * HOUR, customerCosts: true });
    for (const wrong of ['15', 'm', '-5m', '1 h', '5w', '']) assert.throws(() => dueAfter(wrong));
    assert.throws(() => northflank.config.parse({ team: 'x' }));
  });

  it('reads the reset as seconds from now', () => {
    const headers = { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '90' };
    assert.deepEqual(northflank.rateLimit(headers, 1_000), { remaining: 0, resetAt: 91_000 });
    assert.deepEqual(northflank.rateLimit({}, 1_000), {});
    assert.deepEqual(
      northflank.rateLimit({ 'x-ratelimit-remaining': '', 'x-ratelimit-reset': 'soon' }, 1),
      {},
    );
  });

  it('understands a reset that is a Unix time, in seconds or milliseconds', () => {
    const now = 1_795_348_800_000;
    for (const reset of ['1795348890', '1795348890000'])
      assert.deepEqual(northflank.rateLimit({ 'x-ratelimit-reset': reset }, now), { resetAt: now + 90_000 });
  });

  it('sends the token as a bearer', () => {
    const config = northflank.config.parse({});
    assert.deepEqual(northflank.headers(config, 'token'), { authorization: 'Bearer token' });
  });
});
