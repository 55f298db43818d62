import { setImmediate } from 'node:timers/promises';
import type { Steps } from '../../providers/api/steps.ts';

const SLICE_MS = 10;

/** Runs all steps, and yields to the event loop after each slice. */
export async function takeInSlices<Result>(steps: Steps<Result>, sliceMs = SLICE_MS): Promise<Result> {
  let startedAt = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - startedAt < sliceMs) continue;
    await setImmediate();
    startedAt = performance.now();
  }
}
