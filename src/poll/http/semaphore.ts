/** Ends a turn, so that the next in line has one. */
export type Release = () => void;
export type Semaphore = (signal: AbortSignal) => Promise<Release>;

/**
 * Lets at most `count` hold a turn at a time, first come, first served.
 *
 * The returned function resolves once there is a turn and rejects with the signal's reason when it aborts before.
 */
export function createSemaphore(count: number): Semaphore {
  let free = count;
  const queue: (() => void)[] = [];

  function endTurn(): void {
    const next = queue.shift();
    if (next) next();
    else free++;
  }

  return async (signal) => {
    signal.throwIfAborted();
    if (free > 0) free--;
    else await inLine(queue, signal);
    return endTurn;
  };
}

function inLine(queue: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const called = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      queue.splice(queue.indexOf(called), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    queue.push(called);
  });
}
