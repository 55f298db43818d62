/** What a `google.rpc.Status` says: https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
export interface RpcStatus {
  readonly message: string;
  /** From its RetryInfo; undefined where there is none. */
  readonly retryAfterMs: number | undefined;
}

/** Reads an encoded status as far as it is one; never throws. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus {
  const delays = fieldsOf(bytes)
    .filter(({ number }) => number === 3)
    .map(({ bytes: detail }) => delayOf(detail));
  return { message: textOf(bytes, 2), retryAfterMs: delays.find((delay) => delay !== undefined) };
}

/** The delay of an `Any` that holds a RetryInfo. */
function delayOf(detail: Uint8Array): number | undefined {
  if (!textOf(detail, 1).endsWith('/google.rpc.RetryInfo')) return undefined;
  const duration = bytesOf(bytesOf(detail, 2), 1);
  const [seconds = 0, nanoseconds = 0] = [1, 2].map((number) => lastOf(duration, number)?.varint);
  const ms = seconds * 1000 + Math.ceil(nanoseconds / 1e6);
  // A negative one is written as 64 bits, which no delay needs.
  return Number.isSafeInteger(ms) ? ms : 0;
}

function textOf(message: Uint8Array, number: number): string {
  return Buffer.from(bytesOf(message, number)).toString();
}

function bytesOf(message: Uint8Array, number: number): Uint8Array {
  return lastOf(message, number)?.bytes ?? new Uint8Array();
}

function lastOf(message: Uint8Array, number: number): ProtobufField | undefined {
  return fieldsOf(message).findLast((field) => field.number === number);
}

/** One field of a message; what it does not hold is 0 or empty. */
interface ProtobufField {
  readonly number: number;
  readonly varint: number;
  readonly bytes: Uint8Array;
}

/** How many bytes follow a tag by its wire type; delimited ones say it themselves. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const VARINT = 0;
const DELIMITED = 2;

/** The fields up to the first byte that fits none: https://protobuf.dev/programming-guides/encoding/ */
function fieldsOf(message: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  for (let at = 0; at < message.length; ) {
    const tag = varintAt(message, at);
    const wire = tag.value % 8;
    const told = wire === VARINT || wire === DELIMITED ? varintAt(message, tag.end) : undefined;
    const start = told?.end ?? tag.end;
    const length = wire === DELIMITED ? (told?.value ?? 0) : wire === VARINT ? 0 : (FIXED[wire] ?? Infinity);
    at = start + length;
    if (!(at <= message.length)) break;
    const varint = wire === VARINT ? (told?.value ?? 0) : 0;
    fields.push({ number: Math.floor(tag.value / 8), varint, bytes: message.subarray(start, at) });
  }
  return fields;
}

/** Inexact beyond 2 ** 53; ends beyond the message where it is cut. */
function varintAt(message: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let scale = 1, end = at; ; scale *= 128) {
    const byte = message[end++];
    if (byte === undefined || end > at + LONGEST_VARINT) return { value: 0, end: Infinity };
    value += (byte % 128) * scale;
    if (byte < 128) return { value, end };
  }
}

const LONGEST_VARINT = 10;
