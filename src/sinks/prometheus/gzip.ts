import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { Chunks } from './encode.ts';

const deflateRawAsync = promisify(deflateRaw);

/**
 * The beginning of a gzip member's data: deflated, ended on a byte boundary by a full flush, so that any other deflate stream may
 * follow. A second *member* would be valid too, but some readers drop it without a word.
 */
export interface DeflatedPrefix {
  readonly chunks: Chunks;
  /** CRC-32 and length of the plain bytes. */
  readonly crc: number;
  readonly bytes: number;
}

/** Magic, deflate, no flags, no time, no hints, unknown system: RFC 1952. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** Large enough that on a busy event loop the pieces of a large page wait for few of its turns; small enough to share the threads. */
const PIECE_BYTES = 2 * 1024 * 1024;

/** Deflates on the thread pool. The level is the fastest: on expositions the next ones win a few per cent for twice the time. */
export async function deflatePrefix(plain: Chunks): Promise<DeflatedPrefix> {
  let crc = 0;
  let bytes = 0;
  const deflated: Promise<Buffer>[] = [];
  for (const piece of piecesOf(plain)) {
    crc = crc32(piece, crc);
    bytes += piece.length;
    deflated.push(deflate(piece, constants.Z_FULL_FLUSH));
    await setImmediate();
  }
  return { chunks: await Promise.all(deflated), crc, bytes };
}

/** The end of a deflate stream, which makes a prefix whole. */
export async function deflateEnd(plain: Buffer): Promise<Buffer> {
  const last = Math.floor(plain.length / PIECE_BYTES) * PIECE_BYTES;
  const before = piecesOf([plain.subarray(0, last)]).map((piece) => deflate(piece, constants.Z_FULL_FLUSH));
  return Buffer.concat(await Promise.all([...before, deflate(plain.subarray(last), constants.Z_FINISH)]));
}

/** In one go where the text shrinks to an eighth, as expositions do: each further chunk waits for the event loop. */
function deflate(plain: Buffer, finishFlush: number): Promise<Buffer> {
  const chunkSize = Math.max(16 * 1024, Math.ceil(plain.length / 8));
  return deflateRawAsync(plain, { level: constants.Z_BEST_SPEED, chunkSize, finishFlush });
}

/** The same bytes; small neighbours are joined, and what is large is divided without copying. */
function piecesOf(chunks: Chunks): Buffer[] {
  const pieces: Buffer[][] = [];
  let room = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; ) {
      if (room === 0) {
        pieces.push([]);
        room = PIECE_BYTES;
      }
      const part = chunk.subarray(from, from + room);
      pieces.at(-1)?.push(part);
      from += part.length;
      room -= part.length;
    }
  }
  return pieces.map((parts) => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)));
}

/** One gzip member of the prefix and the plain `end`, of which `deflatedEnd` is the deflated form. */
export function gzipMember(prefix: DeflatedPrefix, end: Buffer, deflatedEnd: Buffer): Chunks {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(end, prefix.crc), 0);
  trailer.writeUInt32LE((prefix.bytes + end.length) % 2 ** 32, 4);
  return [HEADER, ...prefix.chunks, deflatedEnd, trailer];
}
