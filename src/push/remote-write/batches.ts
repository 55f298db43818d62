import { setImmediate } from 'node:timers/promises';
import type { SeriesLabels, WriteSample } from './sample.ts';

/** A stream of samples. `undefined` is a pause, in which the event loop does other work. */
export type SampleStream = Iterable<WriteSample | undefined> | AsyncIterable<WriteSample | undefined>;

/** At most so many bytes per request, before compression: some receivers take 1 MB. */
export const MAX_REQUEST_BYTES = 900_000;

/** At most so many samples per request: encoding them blocks the event loop for about 20 ms. */
const MAX_REQUEST_SAMPLES = 10_000;

/** A tag and a length before a nested message or text; lengths below 2 MB have three bytes. */
const NESTED_BYTES = 4;
/** A value of nine bytes, a timestamp of at most eleven, and the message around them. */
const SAMPLE_BYTES = 24;
/** The metadata, and the messages of a series and its references. */
const SERIES_BYTES = 4 * NESTED_BYTES;

/**
 * Splits a stream into the samples of one request each, leaving out the first `skip`. It reads the stream only when a batch is requested.
 */
export async function* batchesOf(stream: SampleStream, skip: number): AsyncGenerator<WriteSample[]> {
  let left = skip;
  let request = new RequestBuilder();
  for await (const sample of stream) {
    if (sample === undefined) await setImmediate();
    else if (left > 0) left -= 1;
    else if (!request.add(sample)) {
      yield request.samples;
      request = new RequestBuilder();
      request.add(sample);
    }
  }
  if (request.samples.length > 0) yield request.samples;
}

class RequestBuilder {
  readonly samples: WriteSample[] = [];
  readonly #series = new Set<SeriesLabels>();
  #bytes = 0;

  /** Adds a sample if it fits, or if it is the first. */
  add(sample: WriteSample): boolean {
    const { samples } = this;
    const bytes = this.#bytes + SAMPLE_BYTES + (this.#series.has(sample.labels) ? 0 : sizeOf(sample.labels));
    const isFull = samples.length === MAX_REQUEST_SAMPLES || bytes > MAX_REQUEST_BYTES;
    if (isFull && samples.length > 0) return false;
    samples.push(sample);
    this.#series.add(sample.labels);
    this.#bytes = bytes;
    return true;
  }
}

/** An upper limit in either version: in 1.0 each series holds its texts, in 2.0 a reference to each. */
function sizeOf(labels: SeriesLabels): number {
  const texts = labels.flat().map((text) => NESTED_BYTES + Buffer.byteLength(text));
  return SERIES_BYTES + labels.length * NESTED_BYTES + texts.reduce((sum, size) => sum + size, 0);
}
