/** A signal that aborts when `signal` does or when the time is up. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly expired: () => boolean;
  /** Waits for our own sake, which does not count. */
  readonly pauseFor: (waiting: Promise<void>) => Promise<void>;
  /** Frees the timer and the listener. */
  readonly end: () => void;
}

/**
 * Starts a deadline of `ms` milliseconds.
 *
 * `AbortSignal.any` with `AbortSignal.timeout` would read nicer, but such a timeout may be collected before it fires
 * (https://github.com/nodejs/node/issues/57736), and then a hanging provider hangs its feed for good.
 */
export function startDeadline(signal: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  let expired = false;
  const follow = () => controller.abort(signal.reason);
  const expire = () => {
    expired = true;
    controller.abort();
  };
  let left = ms;
  let startedAt = performance.now();
  let timer = setTimeout(expire, left);
  let isOver = false;
  if (signal.aborted) follow();
  signal.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    async pauseFor(waiting) {
      clearTimeout(timer);
      left -= performance.now() - startedAt;
      await waiting;
      if (isOver || controller.signal.aborted) return;
      startedAt = performance.now();
      timer = setTimeout(expire, Math.max(0, left));
    },
    end() {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', follow);
    },
  };
}

/**
 * What comes of `work`, or the signal's reason as soon as it aborts, whatever still goes on.
 *
 * undici hears of a signal only once a connection stands: a peer that never greets would be waited for all the same.
 */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
