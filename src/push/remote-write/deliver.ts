import type { Accepted, Rejected } from './answer.ts';
import type { Refusals } from './refusals.ts';
import type { WriteSample } from './sample.ts';

export interface DeliverOptions {
  readonly sender: { send(samples: readonly WriteSample[]): Promise<Accepted | Rejected> };
  readonly refusals: Refusals;
  /** Requests to find out what is refused; what is not found by then counts as refused with its neighbours. */
  readonly maxRequests: number;
}

/** Sends samples; those that are refused again in halves, to find out which they are. Returns how many were accepted. */
export async function deliver(samples: readonly WriteSample[], options: DeliverOptions): Promise<number> {
  const { sender, refusals, maxRequests } = options;
  const groups = samples.length > 0 ? [samples] : [];
  let accepted = 0;
  // Halves are appended during the loop, so that large groups come before small ones.
  for (const group of groups) {
    const result = await sender.send(group);
    if (result.kind === 'accepted') {
      refusals.accepted(group);
      accepted += group.length;
    } else if (groups.length + 2 <= maxRequests && isDivisible(group, result, refusals)) {
      groups.push(...halvesOf(group));
    } else {
      refusals.refused(group, result.message, result.written);
      accepted += result.written ?? 0;
    }
  }
  return accepted;
}

/** Whether requests with fewer of the samples could tell more, or have more of them accepted. */
function isDivisible(samples: readonly WriteSample[], { written }: Rejected, refusals: Refusals): boolean {
  if (samples.length === 1) return false;
  // The receiver counts, and nothing is new.
  if (written === 0 && samples.every((sample) => refusals.isSuspect(sample))) return false;
  return written === undefined || samples.some(({ labels }) => labels !== samples[0]?.labels);
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
