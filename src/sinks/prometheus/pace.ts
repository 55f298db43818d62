import { setImmediate } from 'node:timers/promises';

/** Called between two pieces of work: waits for the event loop's next turn whenever a slice is used up. */
export type Pace = () => Promise<void>;

/**
 * A pace whose slices end at the first call after `sliceMs`, or after as long as the others took for their last turn, but at most
 * `maxSliceMs`: on a busy event loop each turn is a wait, and the work gets a fair share of it.
 */
export function createPace(sliceMs = 2, maxSliceMs = sliceMs): Pace {
  let begun = performance.now();
  let slice = sliceMs;
  return async () => {
    const ended = performance.now();
    if (ended - begun < slice) return;
    await setImmediate();
    begun = performance.now();
    slice = Math.min(Math.max(sliceMs, begun - ended), maxSliceMs);
  };
}
