import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Written per turn of the event loop: less than half a millisecond on the loopback. */
const SLICE_BYTES = 512 * 1024;
/** Written per millisecond that others took in between, so that a reader gets a fair share of a busy event loop. */
const BYTES_PER_MS = 512 * 1024;
const MAX_SLICE_BYTES = 16 * 1024 * 1024;

/** The stream that carries a response body: over HTTP/2, the compatibility response does not report how the stream ended. */
export function bodyStream(response: ServerResponse): Writable {
  return 'stream' in response && response.stream instanceof Writable ? response.stream : response;
}

/**
 * Writes a body of known length and ends the response. Yields to the event loop between slices: a reader as fast as the loopback would
 * otherwise block it for 20 ms per 100,000 series.
 *
 * A slice grows with the time that others took in between. Stops when the reader disconnects.
 */
export async function writeInSlices(response: Writable, body: readonly Uint8Array[]): Promise<void> {
  const take = sliceTaker(body);
  let bytes = SLICE_BYTES;
  for (let slice = take(bytes); slice.length > 0; slice = take(bytes)) {
    if (response.destroyed) return;
    if (!writeSlice(response, slice)) await writableAgain(response);
    const written = performance.now();
    await nextTurn();
    const share = (performance.now() - written) * BYTES_PER_MS;
    bytes = Math.min(Math.max(SLICE_BYTES, share), MAX_SLICE_BYTES);
  }
  response.end();
}

/** Returns a function that takes the next slice of at most so many bytes, without copying; empty at the end. */
function sliceTaker(chunks: readonly Uint8Array[]): (bytes: number) => Uint8Array[] {
  let index = 0;
  let from = 0;
  return (bytes) => {
    const slice: Uint8Array[] = [];
    let free = Math.ceil(bytes);
    for (let chunk = chunks[index]; chunk && free > 0; chunk = chunks[index]) {
      const part = chunk.subarray(from, from + free);
      if (part.length > 0) slice.push(part);
      free -= part.length;
      from += part.length;
      if (from < chunk.length) continue;
      index += 1;
      from = 0;
    }
    return slice;
  };
}

/** Writes all parts in one system call. False: wait for `drain`. */
function writeSlice(response: Writable, slice: readonly Uint8Array[]): boolean {
  response.cork();
  let isReady = true;
  for (const part of slice) isReady = response.write(part);
  response.uncork();
  return isReady;
}

async function writableAgain(response: Writable): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    controller.abort();
  }
}
