import { Semaphore } from './http/semaphore.ts';

/** Runs work once there is room for it, at once if there is; rejects with the signal's reason if it aborts first. */
export type Admit = <Result>(signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;

/** Work that takes longer, such as a provider that hangs or a long history, continues without a slot. */
const MAX_HOLD_MS = 2000;

/** Above this duration of an event loop iteration fewer polls are admitted: an HTTP request waits for several iterations. */
const MAX_ITERATION_MS = 40;
const MIN_CONCURRENT = 8;

/**
 * Admits `maxConcurrent` pieces of work at a time, first come, first served. While iterations of the event loop are long it lowers
 * that limit, one at a time, and raises it again when they are short.
 */
export function createAdmission(
  maxConcurrent: number,
  maxHoldMs = MAX_HOLD_MS,
  iterationMs: () => number = createIterationTimer(),
): Admit {
  const slots = new Semaphore(maxConcurrent);
  const adaptLimit = () => {
    const isLong = iterationMs() > MAX_ITERATION_MS;
    slots.limit = isLong
      ? Math.max(Math.min(MIN_CONCURRENT, maxConcurrent), slots.limit - 1)
      : Math.min(maxConcurrent, slots.limit + 1);
  };
  return async (signal, work) => {
    const release = slots.tryAcquire() ?? (await slots.acquire(signal));
    let isHeld = true;
    const leave = () => {
      if (isHeld) adaptLimit();
      isHeld = false;
      release();
    };
    const timer = setTimeout(leave, maxHoldMs);
    timer.unref();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      leave();
    }
  };
}

/** Returns how long an iteration of the event loop took recently, and measures the next one. */
function createIterationTimer(): () => number {
  let last = 0;
  let isMeasuring = false;
  const measure = () => {
    const startedAt = performance.now();
    setImmediate(() => {
      last = performance.now() - startedAt;
      isMeasuring = false;
    });
  };
  return () => {
    if (!isMeasuring) setImmediate(measure);
    isMeasuring = true;
    return last;
  };
}
