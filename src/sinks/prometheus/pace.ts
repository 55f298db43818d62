import { setImmediate } from 'node:timers/promises';

/** Called between two pieces of work: waits for the event loop's next turn whenever a slice is used up. */
export type Pace = () => Promise<void>;

/** By so much is each slice longer than the one before: on a busy event loop each turn is a wait. */
const GROWTH = 2;

/** A pace whose slices end at the first call after `sliceMs`; those of long work grow up to `mostMs`. */
export function createPace(sliceMs = 2, mostMs = sliceMs): Pace {
  let begun = performance.now();
  let slice = sliceMs;
  return async () => {
    if (performance.now() - begun < slice) return;
    await setImmediate();
    slice = Math.min(slice * GROWTH, mostMs);
    begun = performance.now();
  };
}
