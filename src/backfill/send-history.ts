import type { History } from '../core/history/history.ts';
import type { Range } from '../core/values/time.ts';
import type { WriteReceiver } from '../push/remote-write/receiver.ts';
import type { RefusedSeries } from '../push/remote-write/refusals.ts';
import type { SeriesLabels } from '../push/remote-write/sample.ts';
import { type WriteOptions, type WriteSummary, writeRemotely } from '../push/remote-write/write-remotely.ts';
import { packageVersion } from '../runtime/version.ts';
import { writeSamples } from './samples.ts';
import type { WorkingDirectory } from './working-directory.ts';

export interface HistoryToSend {
  readonly work: Pick<WorkingDirectory, 'written' | 'note'>;
  readonly history: History;
  readonly range: Range;
  /** Of every series, beside its own. */
  readonly labels: SeriesLabels;
  readonly receiver: WriteReceiver;
}

/**
 * Sends a history by remote write, from where an earlier call was stopped.
 *
 * @returns what became of all samples, those of earlier calls included.
 * @throws {RemoteWriteError} if the receiver cannot be used; the signal's reason once it aborts. What was acknowledged is noted.
 */
export async function sendHistory(
  { work, history, range, labels, receiver }: HistoryToSend,
  options: Pick<WriteOptions, 'now' | 'wait' | 'signal'>,
): Promise<WriteSummary> {
  const before = work.written;
  await writeRemotely(writeSamples(history, range, labels), {
    ...options,
    receiver,
    userAgent: `ai-billing-exporter/${packageVersion()}`,
    skip: before.acknowledged,
    acknowledged: (acknowledged, refused) =>
      work.note({ acknowledged, refused: mergeRefused([...before.refused, ...refused]) }),
  });
  const { acknowledged, refused } = work.written;
  return { accepted: refused.reduce((left, { samples }) => left - samples, acknowledged), refused };
}

/** One entry for each series. */
function mergeRefused(refused: readonly RefusedSeries[]): RefusedSeries[] {
  const byLabels = Map.groupBy(refused, ({ labels }) => JSON.stringify(labels));
  return [...byLabels.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, samples: others.reduce((sum, { samples }) => sum + samples, first.samples) }] : [],
  );
}
