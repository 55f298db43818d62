import { setImmediate } from 'node:timers/promises';

/** Called between two pieces of work: yields to the event loop when a slice is used up. */
export type Pace = () => Promise<void>;

/**
 * A pace whose slices end at the first call after `sliceMs`, or after the duration of the last event loop iteration, but at most
 * `maxSliceMs`: on a busy event loop each iteration is a wait, and the work gets a fair share of it.
 */
export function createPace(sliceMs = 2, maxSliceMs = sliceMs): Pace {
  let startedAt = performance.now();
  let slice = sliceMs;
  return async () => {
    const endedAt = performance.now();
    if (endedAt - startedAt < slice) return;
    await setImmediate();
    startedAt = performance.now();
    slice = Math.min(Math.max(sliceMs, startedAt - endedAt), maxSliceMs);
  };
}
