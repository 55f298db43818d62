/** Does work on the ledger, and resolves with what it gives once that is stored; rejects with what it throws. */
export type RunInTransaction = <Result>(work: () => Result) => Promise<Result>;

/** A group ends with the piece that exceeds this: an HTTP request waits no longer than that and one `fsync`. */
const SLICE_MS = 10;

type Settle = (failed?: { readonly error: unknown }) => void;

/**
 * Collects what polls write in one turn of the event loop: on a disk it is the `fsync` of each commit that takes time. The first of a
 * turn is alone and waits for nobody.
 *
 * @param together does all of the work in one commit, and throws where nothing of it was stored.
 */
export function createWriter(together: (work: () => void) => void, sliceMs = SLICE_MS): RunInTransaction {
  const queue: (() => Settle)[] = [];
  let isTaken = false;
  const drain = () => {
    isTaken = queue.length > 0;
    if (!isTaken) return;
    setImmediate(drain);
    const settle: Settle[] = [];
    try {
      together(() => {
        const begun = performance.now();
        do {
          const next = queue.shift();
          if (next) settle.push(next());
        } while (queue.length > 0 && performance.now() - begun < sliceMs);
      });
      for (const each of settle) each();
    } catch (error) {
      for (const each of settle) each({ error });
    }
  };
  return async (work) => {
    if (!isTaken) {
      isTaken = true;
      setImmediate(drain);
      return work();
    }
    return new Promise((resolve, reject) => {
      queue.push(() => {
        try {
          const result = work();
          return (failed) => (failed ? reject(failed.error) : resolve(result));
        } catch (error) {
          return () => reject(error);
        }
      });
    });
  };
}
