import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPace } from './pace.ts';

describe('pace', () => {
  for (const { othersMs, sliceMs } of [
    { othersMs: 0, sliceMs: 2 },
    { othersMs: 15, sliceMs: 15 },
    { othersMs: 60, sliceMs: 20 },
  ]) {
    test(`has slices of ${sliceMs} ms if event loop iterations take ${othersMs} ms`, async (context) => {
      let now = 0;
      let waits = 0;
      context.mock.method(performance, 'now', () => now);
      const pace = createPace(2, 20);
      const work = async (ms: number) => {
        now += ms;
        const others = setImmediate(() => {
          waits += 1;
          now += othersMs;
        });
        await pace();
        clearImmediate(others);
      };
      await work(1);
      assert.equal(waits, 0);
      await work(1);
      assert.equal(waits, 1);
      await work(sliceMs - 1);
      assert.equal(waits, 1);
      await work(1);
      assert.equal(waits, 2);
    });
  }
});
