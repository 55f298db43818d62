import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 10;

/** Runs all steps of some long work, and yields to the event loop after each slice. */
export async function takeInSlices<Result>(
  steps: Iterator<unknown, Result>,
  sliceMs = SLICE_MS,
): Promise<Result> {
  let startedAt = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - startedAt < sliceMs) continue;
    await setImmediate();
    startedAt = performance.now();
  }
}
