/** Runs work on the ledger and resolves with its result once that is stored; rejects with what it throws. */
export type RunInTransaction = <Result>(work: () => Result) => Promise<Result>;

/** A group ends with the work that exceeds this: an HTTP request waits for that and one `fsync` at most. */
const SLICE_MS = 10;

type Settle = (failure?: { readonly error: unknown }) => void;

/**
 * Groups what polls write in one iteration of the event loop into one commit, because the `fsync` of each commit takes most of the
 * time. The first work of an iteration runs alone, without waiting.
 *
 * @param transaction runs all work in one commit, and throws if nothing of it was stored.
 */
export function createWriter(transaction: (work: () => void) => void, sliceMs = SLICE_MS): RunInTransaction {
  const queue: (() => Settle)[] = [];
  let isScheduled = false;
  const drain = () => {
    isScheduled = queue.length > 0;
    if (!isScheduled) return;
    setImmediate(drain);
    const settle: Settle[] = [];
    try {
      transaction(() => {
        const startedAt = performance.now();
        do {
          const next = queue.shift();
          if (next) settle.push(next());
        } while (queue.length > 0 && performance.now() - startedAt < sliceMs);
      });
      for (const each of settle) each();
    } catch (error) {
      for (const each of settle) each({ error });
    }
  };
  return async (work) => {
    if (!isScheduled) {
      isScheduled = true;
      setImmediate(drain);
      return work();
    }
    return new Promise((resolve, reject) => {
      queue.push(() => {
        try {
          const result = work();
          return (failure) => (failure ? reject(failure.error) : resolve(result));
        } catch (error) {
          return () => reject(error);
        }
      });
    });
  };
}
