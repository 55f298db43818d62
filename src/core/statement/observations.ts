import { assertPlausible, MAX_DOLLARS, MAX_QUANTITY } from '../values/money.ts';
import { OBSERVATION_METRICS } from './observation-metrics.ts';
import type { Observation, Reading } from './statement.ts';

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

/**
 * Refuses an answer for an amount beside its statement that no provider can mean.
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
