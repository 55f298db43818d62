import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../test/support/ledger/property.ts';
import { readRpcStatus } from './rpc-status.ts';

const NOTHING = { message: '', retryAfterMs: undefined };

/** Code 8, "slow down", another Any, and a RetryInfo of 3.25 s. */
const STATUS = message(
  [8, 8],
  field(18, Buffer.from('slow down')),
  field(26, message(field(10, Buffer.from('type.googleapis.com/google.rpc.ErrorInfo')), field(18, [8, 1]))),
  field(
    26,
    message(
      field(10, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
      field(18, message(field(10, [8, 3, 16, 0x80, 0xe5, 0x9a, 0x77]))),
    ),
  ),
);

test('RPC status has its message and retry delay', () => {
  assert.deepEqual(readRpcStatus(STATUS), { message: 'slow down', retryAfterMs: 3250 });
  assert.deepEqual(readRpcStatus(Buffer.alloc(0)), NOTHING);
});

test('RPC status with a RetryInfo without a delay, or a negative one, asks for no pause', () => {
  for (const info of [message(), message(field(10, message([8, ...ones(9), 1])))]) {
    const detail = message(
      field(10, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
      field(18, info),
    );
    assert.equal(readRpcStatus(message(field(26, detail))).retryAfterMs, 0);
  }
});

test('RPC status is read as far as it is valid, whatever its bytes are', () => {
  for (let length = 0; length < STATUS.length; length++) {
    const { message: text, retryAfterMs } = readRpcStatus(STATUS.subarray(0, length));
    assert(['', 'slow down'].includes(text), text);
    assert.equal(retryAfterMs, undefined);
  }
  assertProperty(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { retryAfterMs = 0 } = readRpcStatus(bytes);
      assert(Number.isSafeInteger(retryAfterMs) && retryAfterMs >= 0);
    }),
  );
  assertProperty(
    fc.property(fc.nat(STATUS.length - 1), fc.nat(255), (at, byte) => {
      const { retryAfterMs = 0 } = readRpcStatus(Buffer.from(STATUS).fill(byte, at, at + 1));
      assert(Number.isSafeInteger(retryAfterMs) && retryAfterMs >= 0);
    }),
  );
});

test('RPC status of HTML is empty', () => {
  assert.deepEqual(readRpcStatus(Buffer.from('<html><body>Bad gateway</body></html>')), NOTHING);
});

function message(...fields: readonly (readonly number[] | Buffer)[]): Buffer {
  return Buffer.concat(fields.map((bytes) => Buffer.from(bytes)));
}

function field(tag: number, bytes: readonly number[] | Buffer): Buffer {
  return Buffer.from([tag, bytes.length, ...bytes]);
}

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 255);
}
