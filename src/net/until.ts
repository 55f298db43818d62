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
