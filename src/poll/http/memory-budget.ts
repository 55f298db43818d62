import { createSemaphore, type Release } from './semaphore.ts';

/** Memory for one large body, from its first megabyte until what it says was read. */
export interface MemoryLease {
  /** Resolves once no other body is large. Rejects with the signal's reason when it aborts before. */
  enter(): Promise<void>;
  /** May be called without having entered, and twice. */
  leave(): void;
}

/** One at a time in the whole process: many accounts may get a large answer at the same moment. */
const takeTurn = createSemaphore(1);

/**
 * Makes rooms for the requests of one account. It stands in line once, however many of its answers are large, so that an account
 * whose answers come slowly delays another by one of them.
 */
export function createMemoryBudget(): (signal: AbortSignal) => MemoryLease {
  const takeOwnTurn = createSemaphore(1);
  return (signal) => {
    let held: Release[] = [];
    return {
      async enter() {
        const own = held;
        for (const take of [takeOwnTurn, takeTurn]) {
          const end = await take(signal);
          // A caller that left the queue passes its turn on.
          if (held !== own) return end();
          own.push(end);
        }
      },
      leave() {
        const own = held;
        held = [];
        for (const end of own) end();
      },
    };
  };
}
