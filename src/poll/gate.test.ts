import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../core/time.ts';
import { createGate, LONGEST_WAIT_MS, type RequestMemory, RequestState } from './gate.ts';

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
    const gate = createGate(UNCOUNTED);
    for (let request = 0; request < 1000; request++) gate.spend(NOW);
    assert.ok(gate.earliest(NOW) <= NOW);
    assert.equal(gate.left(NOW), Number.POSITIVE_INFINITY);
  });

  it('never has a longer wait shortened', () => {
    const gate = createGate(UNCOUNTED);
    gate.close(NOW + 9);
    gate.close(NOW + 5);
    assert.deepEqual(
      [gate.earliest(NOW), gate.left(NOW + 8), gate.left(NOW + 9)],
      [NOW + 9, 0, Number.POSITIVE_INFINITY],
    );
  });
});

describe("the provider's own count", () => {
  it('ends at an instant that has a date, whatever the provider says: the status shows it', () => {
    for (const resetAt of [1e18, Number.POSITIVE_INFINITY]) {
      const gate = createGate(UNCOUNTED);
      gate.learn({ remaining: 0, resetAt }, NOW);
      assert.equal(new Date(gate.earliest(NOW)).toISOString(), '+275760-09-13T00:00:00.000Z');
    }
  });

  const limit = (remaining: number, seconds: number) => ({ remaining, resetAt: NOW + seconds * SECOND });

  it('falls with each request and holds until its reset', () => {
    const gate = createGate(UNCOUNTED);
    gate.learn(limit(2, 30), NOW);
    gate.spend(NOW);
    assert.equal(gate.left(NOW), 1);
    gate.spend(NOW);
    assert.deepEqual([gate.left(NOW), gate.earliest(NOW)], [0, NOW + 30 * SECOND]);
    assert.equal(gate.left(NOW + 30 * SECOND), Number.POSITIVE_INFINITY);
  });

  it('does not rise within a window when answers overtake each other', () => {
    const gate = createGate(UNCOUNTED);
    gate.learn(limit(4, 30), NOW);
    gate.learn(limit(5, 31), NOW);
    assert.equal(gate.left(NOW), 4);
  });

  it('may rise in a window that ends at another time', () => {
    const gate = createGate(UNCOUNTED);
    gate.learn(limit(4, 30), NOW);
    gate.learn(limit(60, 90), NOW);
    assert.equal(gate.left(NOW), 60);
  });

  it('says nothing without a reset ahead', () => {
    const gate = createGate(UNCOUNTED);
    gate.learn({ remaining: 0 }, NOW);
    gate.learn(limit(0, 0), NOW);
    gate.learn({ remaining: 0, resetAt: Number.NaN }, NOW);
    assert.equal(gate.left(NOW), Number.POSITIVE_INFINITY);
  });

  it('counts beside the own budget: the smaller holds', () => {
    const gate = createGate({ ...UNCOUNTED, budget: { requests: 10, perMs: HOUR } });
    gate.learn(limit(3, 30), NOW);
    assert.equal(gate.left(NOW), 3);
    gate.learn(limit(500, 90), NOW);
    assert.equal(gate.left(NOW), 10);
  });
});

describe('the request budget', () => {
  const budget = { requests: 3, perMs: MINUTE };

  it('lets no window hold more requests than allowed, over restarts too', () => {
    const step = fc.record({ afterMs: fc.nat(40_000), restart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = notebook();
        let now = NOW;
        let gate = createGate({ now, budget, memory: memory() });
        const sent: number[] = [];
        for (const { afterMs, restart } of steps) {
          now = Math.max(now + afterMs, gate.earliest(now));
          if (restart) gate = createGate({ now, budget, memory: memory() });
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
    const gate = createGate({ now: NOW, budget, memory: undefined });
    for (let request = 0; request < 3; request++) gate.spend(NOW);
    const earlier = NOW - 24 * HOUR;
    assert.ok(gate.earliest(earlier) <= earlier + budget.perMs + SECOND);
    assert.equal(gate.left(earlier), 0);
  });
});

describe('a clock that is set back', () => {
  const earlier = NOW - 26 * HOUR;

  it('makes no wait longer: what was told, what is left and what was spent move with it', () => {
    const gate = createGate({ now: NOW, budget: { requests: 2, perMs: MINUTE }, memory: undefined });
    gate.close(NOW + 30 * SECOND);
    assert.equal(gate.earliest(earlier), earlier + 30 * SECOND);
    const told = createGate(UNCOUNTED);
    told.learn({ remaining: 0, resetAt: NOW + MINUTE }, NOW);
    assert.equal(told.earliest(earlier), earlier + MINUTE);
    gate.spend(earlier);
    gate.spend(earlier);
    assert.equal(gate.earliest(earlier - DAY), earlier - DAY + MINUTE + SECOND);
  });

  it('and forward again ends waits early at most: the provider says so', () => {
    const gate = createGate(UNCOUNTED);
    gate.close(NOW + MINUTE);
    gate.earliest(earlier);
    assert.ok(gate.earliest(NOW) <= NOW);
  });
});

describe('the memory', () => {
  it('holds a wait over a restart', () => {
    const memory = notebook();
    createGate({ ...UNCOUNTED, memory: memory() }).close(NOW + HOUR);
    assert.equal(createGate({ ...UNCOUNTED, memory: memory() }).earliest(NOW), NOW + HOUR);
  });

  it('lets a restart ask once more when the wait is longer than a day', () => {
    const memory = notebook();
    createGate({ ...UNCOUNTED, memory: memory() }).close(NOW + LONGEST_WAIT_MS + 1);
    assert.ok(createGate({ ...UNCOUNTED, memory: memory() }).earliest(NOW) <= NOW);
  });

  it('is not written to by requests that nobody counts', () => {
    const memory = { state: undefined, remember: () => assert.fail('written') };
    createGate({ ...UNCOUNTED, memory }).spend(NOW);
  });
});
