import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { coverageOf } from './support/ledger/coverage.ts';
import { Exchange, fakeAsk } from './support/providers/fake-ask.ts';
import { printed } from './support/providers/readings.ts';

const one = Exchange.parse([
  { request: { path: '/a', query: { page: '1' } }, answer: { body: { total: 1 } } },
]);
const schema = z.object({ total: z.number() });

describe('the fake provider', () => {
  it('answers the recorded request', async () => {
    const fake = fakeAsk(one);
    const { body } = await fake.ask({ path: '/a', query: { page: '1' }, schema });
    assert.deepEqual(body, { total: 1 });
    fake.assertUsed();
  });

  it('fails on another query, and on a request beyond the recordings', async () => {
    await assert.rejects(
      fakeAsk(one).ask({ path: '/a', query: { page: '2' }, schema }),
      /not the recorded one/,
    );
    await assert.rejects(fakeAsk([]).ask({ path: '/a', schema }), /has no recording/);
  });

  it('fails on an unused recording', () => {
    assert.throws(() => fakeAsk(one).assertUsed(), /every recording/);
  });

  it('remembers an unknown request that the provider swallowed', async () => {
    const fake = fakeAsk([]);
    await assert.rejects(fake.ask({ path: '/a', schema }));
    assert.throws(() => fake.assertUsed(), /has no recording/);
  });

  const failures = [
    { answer: { body: { total: 'many' } }, reason: 'contract' },
    { answer: { bodyText: '<html>' }, reason: 'contract' },
    { answer: { bodyText: '' }, reason: 'contract' },
    { answer: { status: 401, body: {} }, reason: 'auth' },
    { answer: { status: 410, body: {} }, reason: 'sunset' },
    { answer: { status: 429, body: {} }, reason: 'rate_limited' },
    { answer: { status: 503, body: {} }, reason: 'server' },
  ];
  for (const { answer, reason } of failures) {
    it(`fails with ${reason} on ${JSON.stringify(answer)}`, async () => {
      const fake = fakeAsk(Exchange.parse([{ request: { path: '/a' }, answer }]));
      await assert.rejects(fake.ask({ path: '/a', schema }), { name: 'PollError', reason });
    });
  }
});

describe('coverage built from intervals', () => {
  const coverage = coverageOf([
    { start: 30, end: 40, asOf: 3 },
    { start: 0, end: 10, asOf: 1 },
    { start: 5, end: 20, asOf: 2 },
  ]);

  it('returns the newest as-of time of a bucket', () => {
    assert.deepEqual([0, 7, 20, 39, 40].map(coverage.asOf), [1, 2, undefined, 3, undefined]);
  });

  it('returns the last contiguous range', () => {
    assert.deepEqual(coverage.latest(), { start: 30, end: 40 });
    assert.equal(coverageOf([]).latest(), undefined);
  });

  it('returns ranges that were never read', () => {
    assert.deepEqual(coverage.gaps({ start: -5, end: 50 }), [
      { start: -5, end: 0 },
      { start: 20, end: 30 },
      { start: 40, end: 50 },
    ]);
    assert.deepEqual(coverage.gaps({ start: 2, end: 12 }), []);
    assert.deepEqual(coverage.gaps({ start: 21, end: 25 }), [{ start: 21, end: 25 }]);
    assert.deepEqual(coverageOf([]).gaps({ start: 1, end: 2 }), [{ start: 1, end: 2 }]);
  });
});

describe('printed JSON', () => {
  it('round-trips', () => {
    const value = { a: [], b: {}, c: [{ d: 1, e: 'x' }, [1, null]], f: { g: { h: true } } };
    assert.deepEqual(JSON.parse(printed(value)), value);
  });
});
