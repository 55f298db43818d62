import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib';
import type { Chunks } from './encode.ts';
import { createPace, type Pace } from './pace.ts';

const deflateRawAsync = promisify(deflateRaw);

/**
 * The beginning of a gzip member's data: deflated and ended on a byte boundary by a full flush, so that any other deflate stream may
 * follow. A second *member* would also be valid, but some readers silently drop it.
 */
export interface DeflatedPrefix {
  readonly chunks: Chunks;
  /** CRC-32 and length of the plain bytes. */
  readonly crc: number;
  readonly bytes: number;
}

/** Bytes of a page that are deflated at most once; few, because that blocks the event loop. */
export class Block {
  readonly plain: Buffer;
  #deflated: Buffer | undefined;

  constructor(plain: Buffer) {
    this.plain = plain;
  }

  get isDeflated(): boolean {
    return this.#deflated !== undefined;
  }

  /** Ends on a byte boundary and has no back-references beyond the block: any block may precede or follow. */
  deflate(): Buffer {
    this.#deflated ??= deflateRawSync(this.plain, deflateOptions(this.plain, constants.Z_FULL_FLUSH));
    return this.#deflated;
  }
}

/** Magic, deflate, no flags, no time, no hints, unknown system: RFC 1952. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** An empty block with the final bit: RFC 1951. */
const LAST_BLOCK = Buffer.from([3, 0]);

/** Large enough that a large page takes few iterations of a busy event loop; small enough to share the threads. */
const PIECE_BYTES = 2 * 1024 * 1024;
/** The time for a page of a thousand accounts: another iteration of a busy event loop is worse than a longer one. */
const SLICE_MS = 10;
const MAX_SLICE_MS = 20;
const PREFIX_SLICE_MS = 1;

/** Deflates on the thread pool. */
export async function deflatePrefix(plain: Chunks): Promise<DeflatedPrefix> {
  const pace = createPace(PREFIX_SLICE_MS, MAX_SLICE_MS);
  let crc = 0;
  let bytes = 0;
  const deflated: Promise<Buffer>[] = [];
  for (const piece of piecesOf(plain)) {
    crc = crc32(piece, crc);
    bytes += piece.length;
    deflated.push(deflateRawAsync(piece, deflateOptions(piece, constants.Z_FULL_FLUSH)));
    await pace();
  }
  return { chunks: await Promise.all(deflated), crc, bytes };
}

/**
 * The fastest level: higher ones save a few percent of an exposition for twice the time. One chunk suffices for text that shrinks to
 * an eighth, as expositions do: each further chunk waits for the event loop.
 */
function deflateOptions(plain: Buffer, finishFlush: number) {
  const chunkSize = Math.max(1024, Math.ceil(plain.length / 8));
  return { level: constants.Z_BEST_SPEED, chunkSize, finishFlush };
}

/** The same bytes; joins small neighbors, and divides large chunks without copying. */
function piecesOf(chunks: Chunks): Buffer[] {
  const pieces: Buffer[][] = [];
  let remaining = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; ) {
      if (remaining === 0) {
        pieces.push([]);
        remaining = PIECE_BYTES;
      }
      const part = chunk.subarray(from, from + remaining);
      pieces.at(-1)?.push(part);
      from += part.length;
      remaining -= part.length;
    }
  }
  return pieces.map((parts) => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)));
}

/** One gzip member of the prefix and the blocks. Deflates blocks on demand, and pauses between them. */
export async function gzipMember(
  prefix: DeflatedPrefix,
  blocks: readonly Block[],
  pace: Pace = createPace(SLICE_MS, MAX_SLICE_MS),
): Promise<Chunks> {
  const deflated: Buffer[] = [];
  let { crc, bytes } = prefix;
  for (const block of blocks) {
    deflated.push(block.deflate());
    crc = crc32(block.plain, crc);
    bytes += block.plain.length;
    await pace();
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(bytes % 2 ** 32, 4);
  return [HEADER, ...prefix.chunks, Buffer.concat([...deflated, LAST_BLOCK, trailer])];
}
