/** Frees the slot; does nothing when called again. */
export type Release = () => void;

/** Lets at most `limit` callers hold a slot at a time, first come, first served. */
export class Semaphore {
  readonly #waiting = new Set<() => void>();
  #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Callers that hold a slot keep it, even if they are more than the new limit. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#wake();
  }

  /** Takes a slot that is free now. */
  tryAcquire(): Release | undefined {
    if (this.#held >= this.#limit) return undefined;
    this.#held += 1;
    return this.#createRelease();
  }

  /** Resolves once the caller has a slot; rejects with the signal's reason if it aborts first. */
  async acquire(signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    const release = this.tryAcquire();
    if (release) return release;
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(wake);
    });
    return this.#createRelease();
  }

  #createRelease(): Release {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#held -= 1;
      this.#wake();
    };
  }

  #wake(): void {
    for (const wake of this.#waiting) {
      if (this.#held >= this.#limit) return;
      this.#waiting.delete(wake);
      this.#held += 1;
      wake();
    }
  }
}
