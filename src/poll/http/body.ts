import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { PollError } from '../../providers/api/errors.ts';
import { type JsonLimits, JsonScan } from './json-scan.ts';

const CHUNK_BYTES = 64 * 1024;
/** A smaller body is not scanned: it cannot hold enough to do harm. */
const MIN_SCANNED_BYTES = 512 * 1024;
/** How many chunks a body may have if they are smaller than this on average. */
const MAX_SMALL_CHUNKS = 5000;
const SMALL_CHUNK_BYTES = 64;
/** A larger body waits until no other large body is in memory. */
const LARGE_BYTES = 2 ** 20;

/** Requests ask for `gzip`, but some servers use another encoding. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  'x-gzip': () => createGunzip({ chunkSize: CHUNK_BYTES }),
  deflate: () => createInflate({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
};

/** How much of a body may be read, on the wire and once decoded. */
export interface BodyLimits {
  readonly wireBytes: number;
  readonly decodedBytes: number;
  /** Limits on the JSON in it; none when absent, for small bodies. */
  readonly json?: JsonLimits;
}

/** How to read a body. */
export interface BodyOptions {
  /** Value of `content-encoding`. */
  readonly encoding: string | undefined;
  readonly limits: BodyLimits;
  /** Its name in messages, such as `answer of GET /usage`. */
  readonly label: string;
  /** Called once if the body turns out to be large; reading continues when it resolves. */
  readonly beforeLarge?: () => Promise<void>;
}

/** A complete, decoded body. */
export interface Body {
  readonly bytes: Buffer;
  /** How many values its JSON has, as far as they were counted: 0 for a small body. */
  readonly values: number;
}

/**
 * Reads and decodes a body. The first byte beyond a limit ends the transfer.
 *
 * @throws {PollError} `contract` beyond a limit or for an unknown encoding; otherwise the error of the stream.
 */
export async function readBody(body: Readable, options: BodyOptions): Promise<Body> {
  const { encoding, limits, label } = options;
  const name = encoding?.trim().toLowerCase() ?? '';
  const decoder = DECODERS[name];
  if (name !== '' && name !== 'identity' && !decoder) {
    body.on('error', () => {}).destroy();
    throw new PollError('contract', `${label} has an unknown content encoding`);
  }
  const wire = limitBytes(limits.wireBytes, `${label} is too large`);
  const decoded = limitBytes(limits.decodedBytes, `${label} is too large once decoded`);
  const collectAll = (source: AsyncIterable<Buffer>) => collect(source, options);
  return decoder
    ? pipeline(body, wire, decoder(), decoded, collectAll)
    : pipeline(body, wire, decoded, collectAll);
}

/** Passes chunks through until they exceed `bytes` in total. */
function limitBytes(bytes: number, message: string) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let seen = 0;
    let chunks = 0;
    for await (const chunk of source) {
      seen += chunk.length;
      chunks += 1;
      // A chunk costs as much time as kilobytes of a large one.
      if (chunks > MAX_SMALL_CHUNKS && seen < chunks * SMALL_CHUNK_BYTES)
        throw new PollError('contract', `${message}: it comes in too many pieces`);
      if (seen > bytes) throw new PollError('contract', `${message}: more than ${bytes} bytes`);
      yield chunk;
    }
  };
}

/** Copies chunks into one buffer: chunks of one byte would each take a hundred times their size. */
async function collect(source: AsyncIterable<Buffer>, options: BodyOptions): Promise<Body> {
  const { limits, label, beforeLarge } = options;
  const scan = limits.json && new JsonScan(limits.json);
  let buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let [length, scanned] = [0, 0];
  for await (const chunk of source) {
    if (length <= LARGE_BYTES && length + chunk.length > LARGE_BYTES) await beforeLarge?.();
    buffer = ensureCapacity(buffer, length, chunk.length);
    length += chunk.copy(buffer, length);
    if (length <= MIN_SCANNED_BYTES) continue;
    const excess = scan?.push(buffer.subarray(scanned, length));
    if (excess !== undefined) throw new PollError('contract', `${label} ${excess}`);
    scanned = length;
  }
  return { bytes: buffer.subarray(0, length), values: scanned > 0 ? (scan?.values ?? 0) : 0 };
}

function ensureCapacity(buffer: Buffer<ArrayBuffer>, length: number, more: number): Buffer<ArrayBuffer> {
  if (length + more <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, length + more));
  buffer.copy(larger, 0, 0, length);
  return larger;
}
