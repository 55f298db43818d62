import protobuf from 'protobufjs/minimal.js';

/** A `google.rpc.Status`: https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
export interface RpcStatus {
  readonly message: string;
  /** From its RetryInfo, if it has one. */
  readonly retryAfterMs: number | undefined;
}

/** Reads an encoded status as far as it is valid; never throws. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus {
  const status = readFields(bytes);
  const details = status.filter(({ number }) => number === 3).map(({ bytes }) => delayOf(readFields(bytes)));
  return { message: textOf(status, 2), retryAfterMs: details.find((delay) => delay !== undefined) };
}

/** The delay of an `Any` that holds a RetryInfo. */
function delayOf(detail: readonly ProtobufField[]): number | undefined {
  if (!textOf(detail, 1).endsWith('/google.rpc.RetryInfo')) return undefined;
  const duration = readFields(bytesOf(readFields(bytesOf(detail, 2)), 1));
  const [seconds = 0, nanoseconds = 0] = [1, 2].map((number) => lastOf(duration, number)?.integer);
  const ms = seconds * 1000 + Math.ceil(nanoseconds / 1e6);
  return Number.isSafeInteger(ms) ? Math.max(0, ms) : 0;
}

function textOf(fields: readonly ProtobufField[], number: number): string {
  return Buffer.from(bytesOf(fields, number)).toString();
}

function bytesOf(fields: readonly ProtobufField[], number: number): Uint8Array {
  return lastOf(fields, number)?.bytes ?? new Uint8Array();
}

function lastOf(fields: readonly ProtobufField[], number: number): ProtobufField | undefined {
  return fields.findLast((field) => field.number === number);
}

/** One field of a message, which is an integer or bytes; the other is 0 or empty. */
interface ProtobufField {
  readonly number: number;
  readonly integer: number;
  readonly bytes: Uint8Array;
}

/** The fields up to the first invalid byte: https://protobuf.dev/programming-guides/encoding/ */
function readFields(message: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  const reader = protobuf.Reader.create(message);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const [number, wireType] = [tag >>> 3, tag & 7];
      if (wireType === 0) fields.push({ number, integer: Number(reader.int64()), bytes: new Uint8Array() });
      else if (wireType === 2) fields.push({ number, integer: 0, bytes: reader.bytes() });
      else reader.skipType(wireType);
    }
  } catch {}
  return fields;
}
