/** Decodes protobuf by field number, without a schema: https://protobuf.dev/programming-guides/encoding/ */

/** Receives one field: `bytes` of fixed or delimited fields, `varint` of the rest. */
export type Visit = (field: number, bytes: Buffer, varint: bigint) => void;

const NOTHING = Buffer.alloc(0);

/**
 * Calls `visit` for each field of a message, in its order.
 *
 * @throws {RangeError} if the bytes are not a message.
 */
export function eachField(message: Buffer, visit: Visit): void {
  const cursor = { message, at: 0 };
  while (cursor.at < message.length) {
    const tag = readSmall(cursor);
    const wire = tag % 8;
    const field = Math.floor(tag / 8);
    if (wire === 0) visit(field, NOTHING, readVarint(cursor));
    else visit(field, readBytes(cursor, lengthOf(cursor, wire)), 0n);
  }
}

/** Decodes a 64-bit varint as `int64`. */
export function signed(varint: bigint): bigint {
  return BigInt.asIntN(64, varint);
}

/** A packed field of eight bytes each. */
export function readFixed64<Value>(packed: Buffer, read: (packed: Buffer, at: number) => Value): Value[] {
  return Array.from({ length: packed.length / 8 }, (_, index) => read(packed, index * 8));
}

interface Cursor {
  readonly message: Buffer;
  at: number;
}

function lengthOf(cursor: Cursor, wire: number): number {
  if (wire === 1) return 8;
  if (wire === 2) return readSmall(cursor);
  if (wire === 5) return 4;
  throw new RangeError(`wire type ${wire}`);
}

function readBytes(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length;
  if (end > cursor.message.length) throw new RangeError('the message is cut');
  const bytes = cursor.message.subarray(cursor.at, end);
  cursor.at = end;
  return bytes;
}

/** Tags and lengths, which are most varints, without a bigint. */
function readSmall(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = cursor.message[cursor.at++];
    if (byte === undefined) throw new RangeError('the message is cut');
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
}

function readVarint(cursor: Cursor): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = cursor.message[cursor.at++];
    if (byte === undefined) throw new RangeError('the message is cut');
    value |= BigInt(byte % 128) << shift;
    if (byte < 128) return value;
  }
}
