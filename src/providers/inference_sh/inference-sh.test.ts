import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Timestamp } from '../api/instants.ts';
import { inferenceSh } from './index.ts';

describe('inference.sh', () => {
  it('sends the key as a bearer token and names the version it reads', () => {
    assert.deepEqual(inferenceSh.headers({}, 'k'), { authorization: 'Bearer k', 'x-api-version': '2' });
  });

  it('understands a reset in any unit', () => {
    const now = 1_639_999_940_000;
    for (const reset of ['1640000000', '1640000000000', '60'])
      assert.deepEqual(inferenceSh.rateLimit({ 'x-ratelimit-reset': reset }, now), {
        resetAt: 1_640_000_000_000,
      });
  });

  it('reads what is left and when that is full again, in Unix seconds', () => {
    const headers = { 'x-ratelimit-remaining': '95', 'x-ratelimit-reset': '1640000000' };
    assert.deepEqual(inferenceSh.rateLimit(headers, 0), { remaining: 95, resetAt: 1_640_000_000_000 });
    assert.deepEqual(inferenceSh.rateLimit({ 'x-ratelimit-remaining': 'many' }, 0), {});
  });
});

describe('timestamps', () => {
  const noon = '2026-05-28T12:00:00.000Z';
  const read: [string, string][] = [
    ['2026-05-28', '2026-05-28T00:00:00.000Z'],
    ['2026-05-28T12', noon],
    ['2026-05-28T12:00', noon],
    ['2026-05-28 12:00:00', noon],
    ['2026-05-28 12:00:00 UTC', noon],
    ['2026-05-28T12:00Z', noon],
    ['2026-05-28t12:00:00z', noon],
    ['2026-05-28T12:00:00.123456789Z', '2026-05-28T12:00:00.123Z'],
    ['2026-05-28T14:00:00+02:00', noon],
    ['2026-05-28T09:30-0230', noon],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ];
  for (const [text, instant] of read) {
    it(`reads ${text}`, () => assert.equal(new Date(Timestamp.parse(text)).toISOString(), instant));
  }

  const refused = [
    '',
    '28.05.2026',
    '2026-5-28',
    '2026-02-30',
    '2026-13-01',
    '2026-05-28T25:00Z',
    '2026-05-28T12:60Z',
    'May 28, 2026',
    '1779969900',
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(Timestamp.safeParse(text).success, false));
  }
});
