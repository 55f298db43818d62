/** A signal that aborts when `signal` does or when the time is up. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly expired: () => boolean;
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
  const timer = setTimeout(() => {
    expired = true;
    controller.abort();
  }, ms);
  if (signal.aborted) follow();
  signal.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', follow);
    },
  };
}
