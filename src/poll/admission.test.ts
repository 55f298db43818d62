import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAdmission } from './admission.ts';

const turn = () => new Promise(setImmediate);

test('admission starts work up to its limit, and the rest first come, first served', async () => {
  const admit = createAdmission(2);
  const { signal } = new AbortController();
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const all = [0, 1, 2, 3].map((index) =>
    admit(signal, () => {
      begun.push(index);
      return new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.();
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const end of ends) end();
  await turn();
  assert.deepEqual(begun, [0, 1, 2, 3]);
  ends[3]?.();
  await Promise.all(all);
});

test('admission frees the slot of work that hangs', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const admit = createAdmission(1, 2000);
  const { signal } = new AbortController();
  void admit(signal, () => new Promise(() => {}));
  const second = admit(signal, async () => 'second');
  const third = admit(signal, async () => 'third');
  context.mock.timers.tick(2000);
  assert.deepEqual(await Promise.all([second, third]), ['second', 'third']);
});

test('admission rejects aborted work that waits, and keeps no slot for it', async () => {
  const admit = createAdmission(1);
  const [mine, other] = [new AbortController(), new AbortController()];
  const first = Promise.withResolvers<void>();
  const running = admit(mine.signal, () => first.promise);
  const waiting = admit(other.signal, async () => 'never');
  other.abort(new Error('the exporter is stopping'));
  await assert.rejects(waiting, /stopping/);
  await assert.rejects(
    admit(other.signal, async () => 'never'),
    /stopping/,
  );
  first.resolve();
  await running;
  assert.equal(await admit(mine.signal, async () => 'next'), 'next');
});

test('admission lowers its limit while event loop iterations are long, and raises it again', async () => {
  let turnMs = 1000;
  const admit = createAdmission(64, 2000, () => turnMs);
  const { signal } = new AbortController();
  const ends: (() => void)[] = [];
  let [inside, most] = [0, 0];
  const polls = () =>
    Array.from({ length: 300 }, () =>
      admit(signal, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise<void>((resolve) => ends.push(resolve));
        inside -= 1;
      }),
    );
  const end = async (all: Promise<void>[], from: number) => {
    for (let ended = 0; ended < all.length; ended += 1) {
      if (ended === from) most = 0;
      ends.shift()?.();
      await turn();
    }
    await Promise.all(all);
  };
  await end(polls(), 100);
  assert.equal(most, 8);
  turnMs = 1;
  await end(polls(), 0);
  assert.equal(most, 64);
});
