import { setImmediate } from 'node:timers/promises';
import type { Steps } from '../../providers/api/steps.ts';

const SLICE_MS = 10;

/** Takes all steps of some work, with a turn of the event loop for others whenever they have taken this long. */
export async function takeInSlices<Result>(steps: Steps<Result>, sliceMs = SLICE_MS): Promise<Result> {
  let begun = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - begun < sliceMs) continue;
    await setImmediate();
    begun = performance.now();
  }
}
