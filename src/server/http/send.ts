import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What is written in one turn of the event loop: less than half a millisecond on the loopback. */
const SLICE_BYTES = 512 * 1024;
/** What is written in the time that others took for their turn, so that a reader on a busy event loop gets a fair share of it. */
const BYTES_A_MS = 512 * 1024;
const MAX_SLICE_BYTES = 16 * 1024 * 1024;

/** What a response's body is written to: over HTTP/2 the stream, as the response made for it neither tells when it is over, nor how. */
export function outgoing(response: ServerResponse): Writable {
  return 'stream' in response && response.stream instanceof Writable ? response.stream : response;
}

/**
 * Writes a body whose length was announced, and ends the response. Between slices others have their turn: a reader as fast as the
 * loopback would otherwise hold the event loop until it has everything, 20 ms for 100,000 series. A slice is as long as that turn was.
 *
 * Resolves without the rest when the reader goes away.
 */
export async function writeInSlices(response: Writable, body: readonly Uint8Array[]): Promise<void> {
  const take = sliceTaker(body);
  let bytes = SLICE_BYTES;
  for (let slice = take(bytes); slice.length > 0; slice = take(bytes)) {
    if (response.destroyed) return;
    if (!writeSlice(response, slice)) await writable(response);
    const written = performance.now();
    await nextTurn();
    const share = (performance.now() - written) * BYTES_A_MS;
    bytes = Math.min(Math.max(SLICE_BYTES, share), MAX_SLICE_BYTES);
  }
  response.end();
}

/** Takes slices off the front, of at most so many bytes and without copying; the last one is empty. */
function sliceTaker(chunks: readonly Uint8Array[]): (bytes: number) => Uint8Array[] {
  let index = 0;
  let from = 0;
  return (bytes) => {
    const slice: Uint8Array[] = [];
    let room = Math.ceil(bytes);
    for (let chunk = chunks[index]; chunk && room > 0; chunk = chunks[index]) {
      const part = chunk.subarray(from, from + room);
      if (part.length > 0) slice.push(part);
      room -= part.length;
      from += part.length;
      if (from < chunk.length) continue;
      index += 1;
      from = 0;
    }
    return slice;
  };
}

/** One system call for all of its parts. False: wait until the reader has taken some. */
function writeSlice(response: Writable, slice: readonly Uint8Array[]): boolean {
  response.cork();
  let isReady = true;
  for (const part of slice) isReady = response.write(part);
  response.uncork();
  return isReady;
}

async function writable(response: Writable): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    over.abort();
  }
}
