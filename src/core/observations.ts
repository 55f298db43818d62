import type { Observation } from './statement.ts';

/** What an observation is of: two with the same text would be one sample. */
export function identityOf({ metric, labels }: Observation): string {
  return `${metric} ${JSON.stringify(Object.entries(labels).sort())}`;
}

/** One observation of each thing: that with the newest `at`, or where this does not tell, the first. */
export function newestOf(observations: Iterable<Observation>): Observation[] {
  const newest = new Map<string, Observation>();
  for (const observation of observations) {
    const identity = identityOf(observation);
    const known = newest.get(identity);
    if (!known || timeOf(observation) > timeOf(known)) newest.set(identity, observation);
  }
  return [...newest.values()];
}

function timeOf({ at }: Observation): number {
  return at ?? Number.NEGATIVE_INFINITY;
}
