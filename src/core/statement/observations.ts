import { assertPlausible, MAX_DOLLARS, MAX_QUANTITY } from '../values/money.ts';
import { OBSERVATION_METRICS } from './observation-metrics.ts';
import type { Observation, Reading } from './statement.ts';

/** What an observation is of. Two with the same text would be one sample. */
export function identityOf({ metric, labels }: Observation): string {
  return `${metric} ${JSON.stringify(Object.entries(labels).sort())}`;
}

/** One observation per identity: the one with the newest `at`, or the first of several. */
export function newestOf(observations: Iterable<Observation>): Observation[] {
  const newest = new Map<string, Observation>();
  for (const observation of observations) {
    const identity = identityOf(observation);
    const known = newest.get(identity);
    if (!known || timeOf(observation) > timeOf(known)) newest.set(identity, observation);
  }
  return [...newest.values()];
}

/**
 * Refuses a response with an implausible amount beside its statement.
 *
 * @throws {RangeError} naming the metric, not the amount.
 */
export function assertPlausibleReading({ observations, reconciliation }: Reading): void {
  for (const { metric, value } of observations) {
    const { name } = OBSERVATION_METRICS[metric];
    assertPlausible(value, name.includes('_usd') ? MAX_DOLLARS : MAX_QUANTITY, `an amount of ${name}`);
  }
  if (reconciliation) assertPlausible(reconciliation.difference, MAX_DOLLARS, 'a difference of totals');
}

function timeOf({ at }: Observation): number {
  return at ?? Number.NEGATIVE_INFINITY;
}
