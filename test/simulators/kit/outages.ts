import { type Instant, MINUTE, SECOND } from '../../../src/core/values/time.ts';
import type { SimulatedFault } from './faults.ts';
import { between, roll } from './random.ts';

const EVERY_MS = 3 * MINUTE;

interface Struck {
  readonly seed: number;
  readonly opened: Instant;
  /** The number of the provider, from 0. */
  readonly index: number;
  /** How many providers there are. */
  readonly of: number;
}

/**
 * The outage of a provider, if any: every three minutes one of them fails for 20 to 40 seconds, by a 503 or by hanging. The first
 * minutes after `opened` are fine, so that the demo starts with data.
 */
export function outage({ seed, opened, index, of }: Struck, now: Instant): SimulatedFault | undefined {
  const slot = Math.floor((now - opened) / EVERY_MS);
  if (slot < 1 || between(0, of - 1, roll(seed, 200, slot)) !== index) return undefined;
  const begins = between(0, 120, roll(seed, 201, slot)) * SECOND;
  const lasts = between(20, 40, roll(seed, 202, slot)) * SECOND;
  const into = now - opened - slot * EVERY_MS - begins;
  if (into < 0 || into >= lasts) return undefined;
  return roll(seed, 203, slot) < 0.5 ? { kind: 'status', status: 503 } : { kind: 'hang' };
}
