/** A signal that aborts when another one does or when the time is up. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Frees the timer and the listener. */
  readonly end: () => void;
}

/** Starts a deadline of `ms` milliseconds. Why not `AbortSignal.timeout`: https://github.com/nodejs/node/issues/57736 */
export function startDeadline(ms: number, signal: AbortSignal): Deadline {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, ms);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}
