import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { writeInSlices } from './send.ts';

const KB = 1024;
const MB = 1024 * KB;

/** Takes everything at once, and keeps how much came in each write. */
function createReader() {
  const written: Buffer[][] = [];
  const stream = new Writable({
    highWaterMark: 1024 * MB,
    writev(chunks, done) {
      written.push(chunks.map(({ chunk }) => chunk));
      done();
    },
    write(chunk, _encoding, done) {
      written.push([chunk]);
      done();
    },
  });
  const sizes = () => written.map((chunks) => Buffer.concat(chunks).length);
  return { stream, sizes, bytes: () => Buffer.concat(written.flat()) };
}

/** A body of unequal chunks in which every part is distinct. */
function bodyOf(bytes: number): Buffer[] {
  const whole = Buffer.from(Uint32Array.from({ length: bytes / 4 }, (_, index) => index).buffer);
  const cuts = [0, 1, 1, 700 * KB, 3 * MB + 1, bytes];
  return cuts.slice(1).map((to, index) => whole.subarray(cuts[index], to));
}

describe('a body in slices', () => {
  for (const { othersMs, slices } of [
    { othersMs: 0, slices: Array.from({ length: 16 }, () => 512 * KB) },
    { othersMs: 5, slices: [512 * KB, 2560 * KB, 2560 * KB, 2560 * KB] },
    { othersMs: 100, slices: [512 * KB, 7680 * KB] },
  ]) {
    test(`is written in ${slices.length} where the turns of others take ${othersMs} ms`, async (context) => {
      let now = 0;
      context.mock.method(performance, 'now', () => now);
      let others = setImmediate(function turn() {
        now += othersMs;
        others = setImmediate(turn);
      });
      context.after(() => clearImmediate(others));
      const body = bodyOf(8 * MB);
      const { stream, sizes, bytes } = createReader();
      await writeInSlices(stream, body);
      assert.deepEqual(sizes(), slices);
      assert.ok(bytes().equals(Buffer.concat(body)));
      assert.ok(stream.writableEnded);
    });
  }
});
