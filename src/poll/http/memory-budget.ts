import { type Release, Semaphore } from './semaphore.ts';

/** Memory for one large body, from its first megabyte until it has been parsed. */
export interface MemoryLease {
  /** Resolves once no other body is large. Rejects with the signal's reason if it aborts first. */
  acquire(): Promise<void>;
  /** May be called without `acquire`, and twice. */
  release(): void;
}

/** One in the whole process: many accounts may receive a large answer at the same moment. */
const processSlot = new Semaphore(1);

/**
 * Creates leases for the requests of one account. Only one of them waits for the process at a time, so that an account whose
 * answers come slowly delays another account by one answer at most.
 */
export function createMemoryBudget(): (signal: AbortSignal) => MemoryLease {
  const accountSlot = new Semaphore(1);
  return (signal) => {
    let held: Release[] = [];
    return {
      async acquire() {
        const current = held;
        for (const slot of [accountSlot, processSlot]) {
          const release = await slot.acquire(signal);
          // Released while it waited.
          if (held !== current) return release();
          current.push(release);
        }
      },
      release() {
        const releases = held;
        held = [];
        for (const release of releases) release();
      },
    };
  };
}
