/** Runs work once there is room for it, at once where there is; rejects with the signal's reason when it aborts before. */
export type Admit = <Result>(signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;

/** What takes longer, such as a provider that hangs or a long history, makes room for others while it goes on. */
const LONGEST_STAY_MS = 2000;

/** Lets `count` things go on at a time, first come, first served. */
export function createAdmission(count: number, longestStayMs = LONGEST_STAY_MS): Admit {
  let room = count;
  const waiting = new Set<() => void>();
  const leave = () => {
    const [next] = waiting;
    if (!next) room += 1;
    else {
      waiting.delete(next);
      next();
    }
  };
  return async (signal, work) => {
    if (room > 0) room -= 1;
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
