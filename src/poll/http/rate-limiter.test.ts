import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/property.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/values/time.ts';
import { createRateLimiter, type RequestMemory, RequestState } from './rate-limiter.ts';
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

describe('an account without a budget', () => {
  it('may be asked at once and is not counted', () => {
    const gate = createRateLimiter(UNCOUNTED);
    for (let request = 0; request < 1000; request++) gate.spend(NOW);
    assert.ok(gate.earliest(NOW) <= NOW);
    assert.equal(gate.left(NOW), Number.POSITIVE_INFINITY);
  });

  it('never has a longer wait shortened', () => {
    const gate = createRateLimiter(UNCOUNTED);
    gate.close(NOW + 9, NOW);
    gate.close(NOW + 5, NOW);
    assert.deepEqual(
      [gate.earliest(NOW), gate.left(NOW + 8), gate.left(NOW + 9)],
      [NOW + 9, 0, Number.POSITIVE_INFINITY],
    );
  });
});

describe("the provider's own count", () => {
  it('ends within an hour, whatever the provider says', () => {
    for (const resetAt of [NOW + HOUR + 1, 1e18, Number.POSITIVE_INFINITY]) {
      const gate = createRateLimiter(UNCOUNTED);
      gate.learn({ remaining: 0, resetAt }, NOW, gate.spend(NOW));
      assert.equal(gate.earliest(NOW), NOW + HOUR);
    }
  });

  const limit = (remaining: number, seconds: number) => ({ remaining, resetAt: NOW + seconds * SECOND });

  it('falls with each request and holds until its reset', () => {
    const gate = createRateLimiter(UNCOUNTED);
    gate.learn(limit(2, 30), NOW, gate.spend(NOW));
    gate.spend(NOW);
    assert.equal(gate.left(NOW), 1);
    gate.spend(NOW);
    assert.deepEqual([gate.left(NOW), gate.earliest(NOW)], [0, NOW + 30 * SECOND]);
    assert.equal(gate.left(NOW + 30 * SECOND), Number.POSITIVE_INFINITY);
  });

  it('is what the answer to the newest request says, less what was sent since', () => {
    const gate = createRateLimiter(UNCOUNTED);
    const [first, second] = [gate.spend(NOW), gate.spend(NOW)];
    gate.spend(NOW);
    gate.learn(limit(4, 30), NOW, second);
    assert.equal(gate.left(NOW), 3);
    gate.learn(limit(5, 30), NOW, first);
    assert.equal(gate.left(NOW), 3, 'an older answer that was overtaken says nothing');
  });

  it('rises with a sliding window, within the second too', () => {
    const gate = createRateLimiter(UNCOUNTED);
    gate.learn(limit(1, 60), NOW, gate.spend(NOW));
    gate.learn(limit(4, 60.5), NOW + 500, gate.spend(NOW + 500));
    assert.equal(gate.left(NOW + 500), 4);
  });

  it('says nothing without a reset ahead', () => {
    const gate = createRateLimiter(UNCOUNTED);
    gate.learn({ remaining: 0 }, NOW, gate.spend(NOW));
    gate.learn(limit(0, 0), NOW, gate.spend(NOW));
    gate.learn({ remaining: 0, resetAt: Number.NaN }, NOW, gate.spend(NOW));
    assert.equal(gate.left(NOW), Number.POSITIVE_INFINITY);
  });

  it('counts beside the own budget: the smaller holds', () => {
    const gate = createRateLimiter({ ...UNCOUNTED, budget: { requests: 10, perMs: HOUR } });
    gate.learn(limit(3, 30), NOW, gate.spend(NOW));
    assert.equal(gate.left(NOW), 3);
    gate.learn(limit(500, 90), NOW, gate.spend(NOW));
    assert.equal(gate.left(NOW), 8);
  });
});

describe('the request budget', () => {
  const budget = { requests: 3, perMs: MINUTE };

  it('lets no window hold more requests than allowed, over restarts too', () => {
    const step = fc.record({ afterMs: fc.nat(40_000), restart: fc.boolean() });
    assertProperty(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = notebook();
        let now = NOW;
        let gate = createRateLimiter({ now, budget, memory: memory() });
        const sent: number[] = [];
        for (const { afterMs, restart } of steps) {
          now = Math.max(now + afterMs, gate.earliest(now));
          if (restart) gate = createRateLimiter({ now, budget, memory: memory() });
          assert.ok(gate.left(now) > 0);
          gate.spend(now);
          sent.push(now);
        }
        for (const [index, at] of sent.entries()) {
          const inWindow = sent.filter((other) => other >= at && other <= at + budget.perMs);
          assert.ok(inWindow.length <= budget.requests, `${inWindow.length} requests from request ${index}`);
        }
      }),
    );
  });

  it('does not wait longer than its window when the clock is set back', () => {
    const gate = createRateLimiter({ now: NOW, budget, memory: undefined });
    for (let request = 0; request < 3; request++) gate.spend(NOW);
    const earlier = NOW - 24 * HOUR;
    assert.ok(gate.earliest(earlier) <= earlier + budget.perMs + SECOND);
    assert.equal(gate.left(earlier), 0);
  });
});

describe('a clock that is set back', () => {
  const earlier = NOW - 26 * HOUR;

  it('makes no wait longer: what was told, what is left and what was spent move with it', () => {
    const gate = createRateLimiter({ now: NOW, budget: { requests: 2, perMs: MINUTE }, memory: undefined });
    gate.close(NOW + 30 * SECOND, NOW);
    assert.equal(gate.earliest(earlier), earlier + 30 * SECOND);
    const told = createRateLimiter(UNCOUNTED);
    told.learn({ remaining: 0, resetAt: NOW + MINUTE }, NOW, told.spend(NOW));
    assert.equal(told.earliest(earlier), earlier + MINUTE);
    gate.spend(earlier);
    gate.spend(earlier);
    assert.equal(gate.earliest(earlier - DAY), earlier - DAY + MINUTE + SECOND);
  });

  it('and forward again ends waits early at most: the provider says so', () => {
    const gate = createRateLimiter(UNCOUNTED);
    gate.close(NOW + MINUTE, NOW);
    gate.earliest(earlier);
    assert.ok(gate.earliest(NOW) <= NOW);
  });
});

describe('the memory', () => {
  it('holds a wait over a restart', () => {
    const memory = notebook();
    createRateLimiter({ ...UNCOUNTED, memory: memory() }).close(NOW + HOUR, NOW);
    assert.equal(createRateLimiter({ ...UNCOUNTED, memory: memory() }).earliest(NOW), NOW + HOUR);
  });

  it('ends a wait that a clock which ran ahead left behind', () => {
    const memory = notebook();
    createRateLimiter({ ...UNCOUNTED, memory: memory() }).close(NOW + 9, NOW);
    const now = NOW - MAX_WAIT_MS;
    assert.ok(createRateLimiter({ ...UNCOUNTED, now, memory: memory() }).earliest(now) <= now);
  });

  it('is not written to by requests that nobody counts', () => {
    const memory = { state: undefined, remember: () => assert.fail('written') };
    createRateLimiter({ ...UNCOUNTED, memory }).spend(NOW);
  });
});
