import { setImmediate } from 'node:timers/promises';

/** Called between two pieces of work: waits for the event loop's next turn whenever a slice is used up. */
export type Pace = () => Promise<void>;

/** By so much is each slice longer than the one before: on a busy event loop each turn is a wait. */
const GROWTH = 2;

/**
 * A pace whose slices end at the first call after `sliceMs`. Those of long work grow up to `mostMs`, and at once to the time that
 * the others took for their turn: on a busy event loop the work gets a fair share instead of many waits.
 */
export function createPace(sliceMs = 2, mostMs = sliceMs): Pace {
  let begun = performance.now();
  let slice = sliceMs;
  return async () => {
    const ended = performance.now();
    if (ended - begun < slice) return;
    await setImmediate();
    begun = performance.now();
    slice = Math.min(Math.max(slice * GROWTH, begun - ended), mostMs);
  };
}
