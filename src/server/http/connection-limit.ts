/** Limits how many places are taken, in total and per key such as a client address. */
export class ConnectionLimit {
  readonly #total: number;
  readonly #perKey: number;
  readonly #taken = new Map<string, number>();
  #count = 0;

  constructor({ total, perKey }: { readonly total: number; readonly perKey: number }) {
    this.#total = total;
    this.#perKey = perKey;
  }

  /** Takes a place and returns a function that releases it; undefined if none is left. */
  acquire(key: string): (() => void) | undefined {
    if (this.#count >= this.#total || (this.#taken.get(key) ?? 0) >= this.#perKey) return undefined;
    this.#add(key, 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#add(key, -1);
      isHeld = false;
    };
  }

  #add(key: string, count: number): void {
    this.#count += count;
    const taken = (this.#taken.get(key) ?? 0) + count;
    if (taken === 0) this.#taken.delete(key);
    else this.#taken.set(key, taken);
  }
}
