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
  let searches = 0;
  // Halves are appended during the loop, so that large groups come before small ones.
  for (const group of groups) {
    const result = await sender.send(group);
    const left = maxRequests - groups.length - searches;
    const next = result.kind === 'accepted' ? undefined : nextStep(group, result, refusals);
    if (result.kind === 'accepted') {
      refusals.accepted(group);
      accepted += group.length;
    } else if (next === 'halve' && left >= 2) {
      groups.push(...halvesOf(group));
    } else if (next === 'search' && left >= Math.log2(group.length)) {
      searches += Math.ceil(Math.log2(group.length));
      accepted += await deliverNewest(group, result, options);
    } else {
      refusals.refused(group, result.message, result.written);
      accepted += result.written ?? 0;
    }
  }
  return accepted;
}

/** What can have more of a refused group accepted, or tell more; undefined if nothing can. */
function nextStep(
  samples: readonly WriteSample[],
  { written }: Rejected,
  refusals: Refusals,
): 'halve' | 'search' | undefined {
  // The receiver counts, and nothing is new.
  if (written === 0 && samples.every((sample) => refusals.isSuspect(sample))) return undefined;
  if (samples.some(({ labels }) => labels !== samples[0]?.labels)) return 'halve';
  return written === undefined && samples.length > 1 ? 'search' : undefined;
}

/** Half of the series each. */
function halvesOf(samples: readonly WriteSample[]): readonly (readonly WriteSample[])[] {
  const series = [...new Set(samples.map(({ labels }) => labels))];
  const first = new Set(series.slice(0, series.length / 2));
  return [
    samples.filter(({ labels }) => first.has(labels)),
    samples.filter(({ labels }) => !first.has(labels)),
  ];
}

/** Sends the newest samples of a refused series that are accepted: what is older than a refused one is refused, too. */
async function deliverNewest(
  samples: readonly WriteSample[],
  { message }: Rejected,
  { sender, refusals }: DeliverOptions,
): Promise<number> {
  let [refused, accepted] = [0, samples.length];
  // The newest refused sample is among those from `refused` to before `accepted`; from there on all are accepted.
  while (accepted - refused > 1) {
    const middle = Math.ceil((refused + accepted) / 2);
    const result = await sender.send(samples.slice(middle, accepted));
    if (result.kind === 'accepted') accepted = middle;
    else refused = middle;
  }
  refusals.refused(samples.slice(0, accepted), message);
  if (accepted < samples.length) refusals.accepted(samples.slice(accepted));
  return samples.length - accepted;
}
