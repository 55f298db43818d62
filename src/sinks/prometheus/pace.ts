import { setImmediate } from 'node:timers/promises';

/** Called between two pieces of work: waits for the event loop's next turn whenever a slice is used up. */
export type Pace = () => Promise<void>;

/** A pace whose slices end at the first call after `sliceMs`. */
export function createPace(sliceMs = 2): Pace {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun < sliceMs) return;
    await setImmediate();
    begun = performance.now();
  };
}
