import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type SeriesQuestion,
  type SeriesReport,
  TooManyQuestionsError,
  TooManyRowsError,
} from '../core/reports/cost-series.ts';
import { HOUR } from '../core/values/time.ts';
import { SeriesAnswers } from './series-answers.ts';

function question(top: number): SeriesQuestion {
  return { range: { start: 0, end: 1 }, step: 'day', by: [], match: new Map(), top, measure: 'cost' };
}

/** Answers that take some steps, with so many values. */
function opened(values = 1) {
  const world = {
    version: 1,
    now: 0,
    begun: [] as number[],
    running: 0,
    most: 0,
    error: undefined as Error | undefined,
  };
  const answers = new SeriesAnswers({
    *ask(asked): Generator<void, SeriesReport> {
      world.begun.push(asked.top ?? 0);
      world.running += 1;
      world.most = Math.max(world.most, world.running);
      yield;
      yield;
      world.running -= 1;
      if (world.error) throw world.error;
      const row = { values: [], total: 0n, held: [] };
      const buckets = Array.from({ length: values }, (_, index) => index);
      return { ...asked, buckets, series: [], other: undefined, total: row, limits: [], unknown: [] };
    },
    version: () => world.version,
    now: () => world.now,
  });
  return { world, ask: (top: number) => answers.answer(question(top)) };
}

test('series answers: equal questions share one answer until the next snapshot or hour', async () => {
  const { world, ask } = opened();
  const [first, second] = await Promise.all([ask(1), ask(1), ask(2)]);
  assert.equal(first, second);
  assert.deepEqual(await ask(1), first);
  assert.deepEqual(world.begun, [1, 2]);
  assert.equal(world.most, 1, 'one at a time');
  world.version = 2;
  await ask(1);
  world.now = HOUR;
  await ask(1);
  assert.deepEqual(world.begun, [1, 2, 1, 1]);
});

test('series answers: those asked for least recently are evicted first', async () => {
  // Two rows of 40 bytes each: two answers fit into 32 MB.
  const { world, ask } = opened(200_000);
  for (const top of [1, 2, 1, 3, 1, 2]) await ask(top);
  assert.deepEqual(world.begun, [1, 2, 3, 2]);
});

test('series answers: a failed answer is not kept, and does not keep others from theirs', async () => {
  const { world, ask } = opened();
  world.error = new TooManyRowsError('too many');
  const failed = ask(1);
  const other = ask(2);
  await assert.rejects(failed, TooManyRowsError);
  await assert.rejects(other, TooManyRowsError);
  world.error = undefined;
  assert.equal((await ask(1)).top, 1);
});

test('series answers: refuses more questions than can be answered in time', async () => {
  const { ask } = opened();
  const waiting = Array.from({ length: 32 }, (_, top) => ask(top));
  assert.throws(() => ask(99), TooManyQuestionsError);
  assert.equal(ask(3), waiting[3], 'a question that waits already is no further one');
  await Promise.all(waiting);
  await ask(99);
});
