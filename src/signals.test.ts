import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { watchSignals } from './signals.ts';

function bench() {
  const process = new EventEmitter();
  const codes: number[] = [];
  const signals = watchSignals(process, (code) => void codes.push(code));
  return { ...signals, codes, send: (signal: string) => void process.emit(signal) };
}

test('the first signal asks for the end, a second one is the end', () => {
  for (const [first, second, code] of [
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ] as const) {
    const { stop, codes, send } = bench();
    assert.equal(stop.aborted, false);
    send(first);
    assert.deepEqual([stop.aborted, codes], [true, []]);
    send(second);
    assert.deepEqual(codes, [code]);
  }
});

test('a hang-up is told to whoever listens, also one that came before', async () => {
  const { stop, onHangUp, send } = bench();
  let heard = 0;
  send('SIGHUP');
  send('SIGHUP');
  onHangUp(() => {
    heard += 1;
  });
  assert.equal(heard, 0, 'not within the call');
  await new Promise(setImmediate);
  assert.equal(heard, 1);
  send('SIGHUP');
  assert.deepEqual([heard, stop.aborted], [2, false]);
});

test('a command that asks for it ends when its terminal is gone', () => {
  const { stop, endOnHangUp, send } = bench();
  endOnHangUp();
  send('SIGHUP');
  assert.equal(stop.aborted, true);
});
