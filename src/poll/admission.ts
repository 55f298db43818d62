/** Runs work once there is room for it, at once where there is; rejects with the signal's reason when it aborts before. */
export type Admit = <Result>(signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;

/** What takes longer, such as a provider that hangs or a long history, makes room for others while it goes on. */
const LONGEST_STAY_MS = 2000;

/** How long a turn of the event loop may take before fewer polls are let in: an HTTP request waits for a few turns. */
const LONG_TURN_MS = 40;
/** However long turns are. */
const LEAST_ROOM = 8;

/**
 * Lets `count` things go on at a time, first come, first served. Where many of them go on in each turn of the event loop, it lets in
 * fewer, one at a time, until turns are short again.
 */
export function createAdmission(
  count: number,
  longestStayMs = LONGEST_STAY_MS,
  turn: () => number = createTurnWatch(),
): Admit {
  let limit = count;
  let inside = 0;
  const waiting = new Set<() => void>();
  const letIn = () => {
    for (const next of waiting) {
      if (inside >= limit) return;
      waiting.delete(next);
      inside += 1;
      next();
    }
  };
  const leave = () => {
    inside -= 1;
    limit =
      turn() > LONG_TURN_MS ? Math.max(Math.min(LEAST_ROOM, count), limit - 1) : Math.min(count, limit + 1);
    letIn();
  };
  return async (signal, work) => {
    if (inside < limit) inside += 1;
    else await inLine(waiting, signal);
    let isIn = true;
    const out = () => {
      if (isIn) leave();
      isIn = false;
    };
    const timer = setTimeout(out, longestStayMs);
    timer.unref();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      out();
    }
  };
}

/** Tells how long a turn of the event loop took of late, and measures the next. */
function createTurnWatch(): () => number {
  let last = 0;
  let isMeasuring = false;
  const measure = () => {
    const begun = performance.now();
    setImmediate(() => {
      last = performance.now() - begun;
      isMeasuring = false;
    });
  };
  return () => {
    if (!isMeasuring) setImmediate(measure);
    isMeasuring = true;
    return last;
  };
}

function inLine(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const called = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      waiting.delete(called);
      reject(signal.reason);
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    waiting.add(called);
  });
}
