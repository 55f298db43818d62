import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { watchSignals } from './signals.ts';

function bench() {
  const process = new EventEmitter();
  const codes: number[] = [];
  let ms = 0;
  const signals = watchSignals(
    process,
    (code) => void codes.push(code),
    () => ms,
  );
  const send = (signal: string, afterMs = 0) => {
    ms += afterMs;
    process.emit(signal);
  };
  return { ...signals, codes, send };
}

test('signals: the first one stops, a second one ends the process', () => {
  for (const [first, second, code] of [
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ] as const) {
    const { stop, codes, send } = bench();
    assert.equal(stop.aborted, false);
    send(first);
    assert.deepEqual([stop.aborted, codes], [true, []]);
    send(second, 1000);
    assert.deepEqual(codes, [code]);
  }
});

test('signals: the same signal within a second is an echo, another one is not', () => {
  const { codes, send } = bench();
  send('SIGINT');
  send('SIGINT', 3);
  send('SIGINT', 900);
  assert.deepEqual(codes, []);
  send('SIGTERM', 1);
  assert.deepEqual(codes, [143]);
});

test('signals: SIGHUP reaches the listener, even if it came earlier', async () => {
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

test('signals: a command can end with its terminal', () => {
  const { stop, endOnHangUp, send } = bench();
  endOnHangUp();
  send('SIGHUP');
  assert.equal(stop.aborted, true);
});
