import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RANGE_LIMITS } from './http/limits.ts';
import { createRangeGuard, EndlessAnswers } from './range-guard.ts';

const small = { bytes: 1, share: 0 };

it('range guard stops at one answer too many', () => {
  const guard = createRangeGuard(false);
  for (let count = 0; count < RANGE_LIMITS.answers; count++) guard.received(small);
  assert.throws(() => guard.received(small), new EndlessAnswers('more than 20000 answers'));
});

it('range guard stops at one byte too many in all answers', () => {
  const guard = createRangeGuard(false);
  guard.received({ bytes: RANGE_LIMITS.decodedBytes - 1, share: 0 });
  guard.received(small);
  assert.throws(() => guard.received(small), /more than 8589934592 bytes/);
});

it('range guard stops after an hour', (context) => {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  const guard = createRangeGuard(false);
  now += RANGE_LIMITS.ms;
  guard.received(small);
  now += 1;
  assert.throws(() => guard.received(small), /more than 3600 seconds/);
});

it('range guard limits retained answers to three of the largest size, and not answers that are summed', () => {
  const [keeping, adding] = [createRangeGuard(true), createRangeGuard(false)];
  for (const guard of [keeping, adding]) {
    for (let count = 0; count < 6; count++) guard.received({ bytes: 1, share: 0.5 });
  }
  adding.received({ bytes: 1, share: 0.5 });
  assert.throws(() => keeping.received({ bytes: 1, share: 0.5 }), /more than 3 of the largest size/);
});

it('range guard stops at one retained charge too many', () => {
  const guard = createRangeGuard(false);
  guard.kept(RANGE_LIMITS.keptEntries);
  guard.kept(RANGE_LIMITS.keptEntries);
  assert.throws(() => guard.kept(RANGE_LIMITS.keptEntries + 1), /more than 250000 charges/);
});

it('range guard fails as contract', () => {
  assert.equal(new EndlessAnswers('x').reason, 'contract');
});
