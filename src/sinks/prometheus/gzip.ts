import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, crc32, createDeflateRaw, deflateRaw } from 'node:zlib';
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

/** Deflates on the thread pool. The level is the fastest: on expositions the next ones win a few per cent for twice the time. */
export async function deflatePrefix(plain: Chunks): Promise<DeflatedPrefix> {
  const chunks: Buffer[] = [];
  let crc = 0;
  let bytes = 0;
  const counted = Readable.from(
    (function* () {
      for (const chunk of plain) {
        crc = crc32(chunk, crc);
        bytes += chunk.length;
        yield chunk;
      }
    })(),
  );
  const deflate = createDeflateRaw({
    level: constants.Z_BEST_SPEED,
    chunkSize: 128 * 1024,
    finishFlush: constants.Z_FULL_FLUSH,
  });
  await pipeline(counted, deflate, async (deflated: AsyncIterable<Buffer>) => {
    for await (const chunk of deflated) chunks.push(chunk);
  });
  return { chunks, crc, bytes };
}

/** The end of a deflate stream, which makes a prefix whole. */
export function deflateEnd(plain: Buffer): Promise<Buffer> {
  return deflateRawAsync(plain, { level: constants.Z_BEST_SPEED });
}

/** One gzip member of the prefix and the plain `end`, of which `deflatedEnd` is the deflated form. */
export function gzipMember(prefix: DeflatedPrefix, end: Buffer, deflatedEnd: Buffer): Chunks {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(end, prefix.crc), 0);
  trailer.writeUInt32LE((prefix.bytes + end.length) % 2 ** 32, 4);
  return [HEADER, ...prefix.chunks, deflatedEnd, trailer];
}
