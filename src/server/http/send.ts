import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What is written in one turn of the event loop: less than half a millisecond on the loopback. */
const SLICE_BYTES = 512 * 1024;

/** What a response's body is written to: over HTTP/2 the stream, as the response made for it neither tells when it is over, nor how. */
export function outgoing(response: ServerResponse): Writable {
  return 'stream' in response && response.stream instanceof Writable ? response.stream : response;
}

/**
 * Writes a body whose length was announced, and ends the response. Between slices others have their turn: a reader as fast as the
 * loopback would otherwise hold the event loop until it has everything, 20 ms for 100,000 series.
 *
 * Resolves without the rest when the reader goes away.
 */
export async function writeInSlices(response: Writable, body: readonly Uint8Array[]): Promise<void> {
  for (const slice of slicesOf(body)) {
    if (response.destroyed) return;
    if (!writeSlice(response, slice)) await writable(response);
    await nextTurn();
  }
  response.end();
}

function slicesOf(chunks: readonly Uint8Array[]): Uint8Array[][] {
  const slices: Uint8Array[][] = [];
  let room = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; ) {
      if (room === 0) {
        slices.push([]);
        room = SLICE_BYTES;
      }
      const part = chunk.subarray(from, from + room);
      slices.at(-1)?.push(part);
      room -= part.length;
      from += part.length;
    }
  }
  return slices;
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
