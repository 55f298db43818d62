import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { PollError } from './errors.ts';

const CHUNK_BYTES = 64 * 1024;

/** `gzip` is what requests ask for; some servers answer with another one all the same. */
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
}

/** How a body travels. */
export interface BodyOptions {
  /** Value of `content-encoding`. */
  readonly encoding: string | undefined;
  readonly limits: BodyLimits;
  /** What the messages call it, such as `answer of GET /usage`. */
  readonly label: string;
}

/**
 * Reads a whole body, decoded. The first byte beyond a limit ends the transfer.
 *
 * @throws {PollError} `contract` beyond a limit or for an unknown encoding; else whatever breaks the stream.
 */
export async function readBody(body: Readable, { encoding, limits, label }: BodyOptions): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? '';
  const decoder = DECODERS[name];
  if (name !== '' && name !== 'identity' && !decoder) {
    body.on('error', () => {}).destroy();
    throw new PollError('contract', `${label} has an unknown content encoding`);
  }
  const wire = capped(limits.wireBytes, `${label} is too large`);
  const decoded = capped(limits.decodedBytes, `${label} is too large once decoded`);
  return decoder ? pipeline(body, wire, decoder(), decoded, whole) : pipeline(body, wire, decoded, whole);
}

/** Passes chunks on until they are more than `bytes` together. */
function capped(bytes: number, message: string) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let seen = 0;
    for await (const chunk of source) {
      seen += chunk.length;
      if (seen > bytes) throw new PollError('contract', `${message}: more than ${bytes} bytes`);
      yield chunk;
    }
  };
}

async function whole(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
