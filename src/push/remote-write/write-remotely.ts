import { batchesOf, type SampleStream } from './batches.ts';
import { Refusals, type RefusedSeries } from './refusals.ts';
import type { WriteSample } from './sample.ts';
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

/** Requests to find the refused series of a batch; what is not found by then counts as refused with its neighbours. */
const MAX_REQUESTS = 256;
/** The same for series that were refused before, which go in requests of their own. */
const MAX_SUSPECT_REQUESTS = 32;

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
      accepted += await deliver(others, MAX_REQUESTS, { sender, refusals });
      accepted += await deliver(suspects, MAX_SUSPECT_REQUESTS, { sender, refusals });
      count += batch.length;
      acknowledged?.(count, refusals.list);
    }
  } finally {
    await sender.close();
  }
  return { accepted, refused: refusals.list };
}

interface Delivery {
  readonly sender: Pick<WriteSender, 'send'>;
  readonly refusals: Refusals;
}

/** Sends samples, in halves if they are refused as a whole. Returns how many were accepted. */
async function deliver(
  samples: readonly WriteSample[],
  maxRequests: number,
  { sender, refusals }: Delivery,
): Promise<number> {
  const groups = samples.length > 0 ? [{ samples, reason: '' }] : [];
  let accepted = 0;
  let requests = 0;
  // Halves are appended during the loop: those of one size before smaller ones.
  for (const group of groups) {
    const reason = requests < maxRequests ? await sender.send(group.samples) : group.reason;
    requests += 1;
    if (reason === undefined) {
      refusals.accepted(group.samples);
      accepted += group.samples.length;
    } else if (group.samples.length === 1 || requests > maxRequests) refusals.refused(group.samples, reason);
    else groups.push(...halvesOf(group.samples).map((half) => ({ samples: half, reason })));
  }
  return accepted;
}

/** Half of the series each; of a single series, half of its samples. */
function halvesOf(samples: readonly WriteSample[]): readonly (readonly WriteSample[])[] {
  const series = [...new Set(samples.map(({ labels }) => labels))];
  const half = samples.slice(0, samples.length / 2);
  if (series.length === 1) return [half, samples.slice(half.length)];
  const first = new Set(series.slice(0, series.length / 2));
  return [
    samples.filter(({ labels }) => first.has(labels)),
    samples.filter(({ labels }) => !first.has(labels)),
  ];
}
