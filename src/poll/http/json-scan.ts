/** Limits on the structure of a JSON text. */
export interface JsonLimits {
  /** Objects, arrays, strings, numbers and literals together. */
  readonly values: number;
  readonly depth: number;
  /** Of one object. */
  readonly keys: number;
  readonly keyBytes: number;
  readonly stringBytes: number;
  /** Characters of one number. */
  readonly numberBytes: number;
  /** Backslashes in all strings: a parser takes many times as long for them. */
  readonly escapes: number;
}

const [QUOTE, BACKSLASH, COMMA, COLON, SPACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x20];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Checks the structure of a JSON text while its bytes arrive, so that no parser has to read more than the limits allow.
 *
 * It reads each byte once and keeps a few numbers. It does not validate: a parser rejects malformed JSON at the first wrong byte.
 */
export class JsonScan {
  readonly #limits: JsonLimits;
  /** By depth: the number of keys of the open object so far, or -1 for an array. */
  readonly #keys: Int32Array;
  #depth = 0;
  #values = 1;
  #isKey = false;
  #isString = false;
  #isEscaped = false;
  /** Bytes of the open string or number. */
  #length = 0;
  #escapes = 0;
  #excess: string | undefined;

  constructor(limits: JsonLimits) {
    this.#limits = limits;
    this.#keys = new Int32Array(limits.depth + 2).fill(-1);
  }

  /** The number of values so far: never too low, and one too high per empty object or array. */
  get values(): number {
    return this.#values;
  }

  /** Scans the next bytes. Describes the limit they exceed, if any. */
  push(bytes: Uint8Array): string | undefined {
    for (let at = 0; at < bytes.length && this.#excess === undefined; ) {
      at = this.#isString ? this.#scanString(bytes, at) : this.#scanStructure(bytes, at);
    }
    return this.#excess;
  }

  /** Returns the index after the open string, or after all bytes. */
  #scanString(bytes: Uint8Array, start: number): number {
    const { keyBytes, stringBytes, escapes } = this.#limits;
    let at = start;
    let isEscaped = this.#isEscaped;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) {
        isEscaped = true;
        this.#escapes += 1;
      } else if (byte === QUOTE) break;
    }
    this.#isEscaped = isEscaped;
    this.#length += at - start;
    if (this.#isKey && this.#length > keyBytes) this.#excess = `has a key of more than ${keyBytes} bytes`;
    else if (this.#length > stringBytes) this.#excess = `has a string of more than ${stringBytes} bytes`;
    else if (this.#escapes > escapes) this.#excess = `has more than ${escapes} escaped characters`;
    if (at < bytes.length) {
      this.#isString = false;
      this.#length = 0;
    }
    return at + 1;
  }

  /** Returns the index after the quote that opens the next string, or after all bytes. */
  #scanStructure(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] ?? SPACE;
      if (byte === QUOTE) {
        this.#isString = true;
        this.#length = 0;
        return at + 1;
      }
      if (byte <= SPACE || byte === COLON) this.#length = 0;
      else this.#scanByte(byte);
      if (byte === COLON) this.#isKey = false;
      if (this.#excess !== undefined) break;
    }
    return bytes.length;
  }

  #scanByte(byte: number): void {
    const { numberBytes } = this.#limits;
    if (byte === COMMA) this.#separate();
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#open(byte === OPEN_OBJECT);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#close();
    else if (++this.#length > numberBytes)
      this.#excess = `has a number of more than ${numberBytes} characters`;
  }

  #separate(): void {
    const { keys } = this.#limits;
    const before = this.#keys[this.#depth] ?? -1;
    this.#isKey = before >= 0;
    this.#count();
    if (!this.#isKey) return;
    this.#keys[this.#depth] = before + 1;
    if (before + 1 > keys) this.#excess = `has an object of more than ${keys} keys`;
  }

  #open(isObject: boolean): void {
    const { depth } = this.#limits;
    this.#depth += 1;
    this.#isKey = isObject;
    this.#keys[this.#depth] = isObject ? 1 : -1;
    this.#count();
    if (this.#depth > depth) this.#excess = `is nested deeper than ${depth} levels`;
  }

  #close(): void {
    this.#depth = Math.max(0, this.#depth - 1);
    this.#isKey = false;
    this.#length = 0;
  }

  #count(): void {
    const { values } = this.#limits;
    this.#length = 0;
    this.#values += 1;
    if (this.#values > values) this.#excess = `holds more than ${values} values`;
  }
}
