export type Deadline = ReturnType<typeof startDeadline>;

/**
 * Starts a deadline: its signal aborts when `outer` does or after `ms` milliseconds.
 *
 * `AbortSignal.any` with `AbortSignal.timeout` would be shorter, but such a timeout may be garbage-collected before it fires
 * (https://github.com/nodejs/node/issues/57736), and then a provider that hangs blocks its feed forever.
 */
export function startDeadline(outer: AbortSignal, ms: number) {
  const controller = new AbortController();
  const { signal } = controller;
  let isExpired = false;
  let isEnded = false;
  let remainingMs = ms;
  let startedAt = performance.now();
  const follow = () => controller.abort(outer.reason);
  const expire = () => {
    isExpired = true;
    controller.abort();
  };
  let timer = setTimeout(expire, remainingMs);
  if (outer.aborted) follow();
  outer.addEventListener('abort', follow, { once: true });
  return {
    signal,
    expired: () => isExpired,
    /** Stops the clock while the exporter itself waits. */
    async pauseFor(waiting: Promise<void>): Promise<void> {
      clearTimeout(timer);
      remainingMs -= performance.now() - startedAt;
      await waiting;
      if (isEnded || signal.aborted) return;
      startedAt = performance.now();
      timer = setTimeout(expire, Math.max(0, remainingMs));
    },
    /** Frees the timer and the listener. */
    end(): void {
      isEnded = true;
      clearTimeout(timer);
      outer.removeEventListener('abort', follow);
    },
  };
}

/**
 * The result of `work`, or the signal's reason as soon as it aborts.
 *
 * undici observes a signal only once it is connected, so it would wait for a peer that never completes the TLS handshake.
 */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
