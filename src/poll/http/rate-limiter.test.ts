import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/values/time.ts';
import { RateLimiter, type RequestMemory, RequestState } from './rate-limiter.ts';
import { MAX_WAIT_MS } from './retry-after.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const UNCOUNTED = { now: NOW, budget: undefined, memory: undefined };

/** Remembers as text, as a store would. */
function notebook(): () => RequestMemory {
  let text: string | undefined;
  return () => ({
    state: text === undefined ? undefined : RequestState.parse(JSON.parse(text)),
    remember(state) {
      text = JSON.stringify(state);
    },
  });
}

describe('rate limiter without a budget', () => {
  it('allows requests at once and does not count them', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    for (let request = 0; request < 1000; request++) limiter.record(NOW);
    assert.ok(limiter.earliest(NOW) <= NOW);
    assert.equal(limiter.remaining(NOW), Number.POSITIVE_INFINITY);
  });

  it('never shortens a longer pause', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    limiter.pauseUntil(NOW + 9, NOW);
    limiter.pauseUntil(NOW + 5, NOW);
    assert.deepEqual(
      [limiter.earliest(NOW), limiter.remaining(NOW + 8), limiter.remaining(NOW + 9)],
      [NOW + 9, 0, Number.POSITIVE_INFINITY],
    );
  });
});

describe("rate limiter with the provider's own count", () => {
  it('waits at most an hour, whatever the provider says', () => {
    for (const resetAt of [NOW + HOUR + 1, 1e18, Number.POSITIVE_INFINITY]) {
      const limiter = new RateLimiter(UNCOUNTED);
      limiter.update({ remaining: 0, resetAt }, NOW, limiter.record(NOW));
      assert.equal(limiter.earliest(NOW), NOW + HOUR);
    }
  });

  const limit = (remaining: number, seconds: number) => ({ remaining, resetAt: NOW + seconds * SECOND });

  it('counts down with each request until the reset', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    limiter.update(limit(2, 30), NOW, limiter.record(NOW));
    limiter.record(NOW);
    assert.equal(limiter.remaining(NOW), 1);
    limiter.record(NOW);
    assert.deepEqual([limiter.remaining(NOW), limiter.earliest(NOW)], [0, NOW + 30 * SECOND]);
    assert.equal(limiter.remaining(NOW + 30 * SECOND), Number.POSITIVE_INFINITY);
  });

  it('applies the answer to the newest request, minus the requests sent since', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    const [first, second] = [limiter.record(NOW), limiter.record(NOW)];
    limiter.record(NOW);
    limiter.update(limit(4, 30), NOW, second);
    assert.equal(limiter.remaining(NOW), 3);
    limiter.update(limit(5, 30), NOW, first);
    assert.equal(limiter.remaining(NOW), 3, 'an older answer that was overtaken says nothing');
  });

  it('counts up with a sliding window, also within a second', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    limiter.update(limit(1, 60), NOW, limiter.record(NOW));
    limiter.update(limit(4, 60.5), NOW + 500, limiter.record(NOW + 500));
    assert.equal(limiter.remaining(NOW + 500), 4);
  });

  it('ignores counts without a reset in the future', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    limiter.update({ remaining: 0 }, NOW, limiter.record(NOW));
    limiter.update(limit(0, 0), NOW, limiter.record(NOW));
    limiter.update({ remaining: 0, resetAt: Number.NaN }, NOW, limiter.record(NOW));
    assert.equal(limiter.remaining(NOW), Number.POSITIVE_INFINITY);
  });

  it("applies the smaller of the provider's count and its own budget", () => {
    const limiter = new RateLimiter({ ...UNCOUNTED, budget: { requests: 10, perMs: HOUR } });
    limiter.update(limit(3, 30), NOW, limiter.record(NOW));
    assert.equal(limiter.remaining(NOW), 3);
    limiter.update(limit(500, 90), NOW, limiter.record(NOW));
    assert.equal(limiter.remaining(NOW), 8);
  });
});

describe('rate limiter with a request budget', () => {
  const budget = { requests: 3, perMs: MINUTE };

  it('never exceeds the budget in any window, including over restarts', () => {
    const step = fc.record({ afterMs: fc.nat(40_000), restart: fc.boolean() });
    assertProperty(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = notebook();
        let now = NOW;
        let limiter = new RateLimiter({ now, budget, memory: memory() });
        const sent: number[] = [];
        for (const { afterMs, restart } of steps) {
          now = Math.max(now + afterMs, limiter.earliest(now));
          if (restart) limiter = new RateLimiter({ now, budget, memory: memory() });
          assert.ok(limiter.remaining(now) > 0);
          limiter.record(now);
          sent.push(now);
        }
        for (const [index, at] of sent.entries()) {
          const inWindow = sent.filter((other) => other >= at && other <= at + budget.perMs);
          assert.ok(inWindow.length <= budget.requests, `${inWindow.length} requests from request ${index}`);
        }
      }),
    );
  });

  it('does not wait longer than its window after the clock is set back', () => {
    const limiter = new RateLimiter({ now: NOW, budget, memory: undefined });
    for (let request = 0; request < 3; request++) limiter.record(NOW);
    const earlier = NOW - 24 * HOUR;
    assert.ok(limiter.earliest(earlier) <= earlier + budget.perMs + SECOND);
    assert.equal(limiter.remaining(earlier), 0);
  });
});

describe('rate limiter with a clock that is set back', () => {
  const earlier = NOW - 26 * HOUR;

  it('does not prolong pauses, resets and the window', () => {
    const limiter = new RateLimiter({ now: NOW, budget: { requests: 2, perMs: MINUTE }, memory: undefined });
    limiter.pauseUntil(NOW + 30 * SECOND, NOW);
    assert.equal(limiter.earliest(earlier), earlier + 30 * SECOND);
    const told = new RateLimiter(UNCOUNTED);
    told.update({ remaining: 0, resetAt: NOW + MINUTE }, NOW, told.record(NOW));
    assert.equal(told.earliest(earlier), earlier + MINUTE);
    limiter.record(earlier);
    limiter.record(earlier);
    assert.equal(limiter.earliest(earlier - DAY), earlier - DAY + MINUTE + SECOND);
  });

  it('may end waits early after the clock is set forward again', () => {
    const limiter = new RateLimiter(UNCOUNTED);
    limiter.pauseUntil(NOW + MINUTE, NOW);
    limiter.earliest(earlier);
    assert.ok(limiter.earliest(NOW) <= NOW);
  });
});

describe('rate limiter with a memory', () => {
  it('keeps a pause over a restart', () => {
    const memory = notebook();
    new RateLimiter({ ...UNCOUNTED, memory: memory() }).pauseUntil(NOW + HOUR, NOW);
    assert.equal(new RateLimiter({ ...UNCOUNTED, memory: memory() }).earliest(NOW), NOW + HOUR);
  });

  it('ends a pause from a clock that was ahead', () => {
    const memory = notebook();
    new RateLimiter({ ...UNCOUNTED, memory: memory() }).pauseUntil(NOW + 9, NOW);
    const now = NOW - MAX_WAIT_MS;
    assert.ok(new RateLimiter({ ...UNCOUNTED, now, memory: memory() }).earliest(now) <= now);
  });

  it('does not store requests without a budget', () => {
    const memory = { state: undefined, remember: () => assert.fail('written') };
    new RateLimiter({ ...UNCOUNTED, memory }).record(NOW);
  });
});
