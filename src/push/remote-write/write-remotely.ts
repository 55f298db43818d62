import { batchesOf, type SampleStream } from './batches.ts';
import { deliver } from './deliver.ts';
import { Refusals, type RefusedSeries } from './refusals.ts';
import { type SenderOptions, WriteSender } from './sender.ts';

export interface WriteOptions extends Omit<SenderOptions, 'random'> {
  /** At least 0 and less than 1; `Math.random` when absent. */
  readonly random?: () => number;
  /** How many samples an earlier call acknowledged of the same stream; they are not sent again. */
  readonly skip?: number;
  /** Called after each batch: how many samples of the stream are dealt with, and what was refused since the call began. */
  readonly acknowledged?: (count: number, refused: readonly RefusedSeries[]) => void;
}

/** What became of the samples. */
export interface WriteSummary {
  /** Samples that the receiver accepted. */
  readonly accepted: number;
  readonly refused: readonly RefusedSeries[];
}

/**
 * Sends a stream of samples, one request after another. Samples that the receiver refuses are reported, and the rest is sent.
 *
 * @throws {RemoteWriteError} if the receiver refuses every request, or does not accept one in time; the reason of the signal once it aborts;
 *   what the stream throws.
 */
export async function writeRemotely(stream: SampleStream, options: WriteOptions): Promise<WriteSummary> {
  const { skip = 0, acknowledged, signal } = options;
  const sender = new WriteSender({ random: Math.random, ...options });
  const refusals = new Refusals();
  let accepted = 0;
  let count = skip;
  try {
    for await (const batch of batchesOf(stream, skip)) {
      signal.throwIfAborted();
      const { suspects = [], others = [] } = Object.groupBy(batch, (sample) =>
        refusals.isSuspect(sample) ? 'suspects' : 'others',
      );
      accepted += await deliver(others, { sender, refusals, maxRequests: 256 });
      accepted += await deliver(suspects, { sender, refusals, maxRequests: 64 });
      count += batch.length;
      acknowledged?.(count, refusals.list);
    }
  } finally {
    await sender.close();
  }
  return { accepted, refused: refusals.list };
}
