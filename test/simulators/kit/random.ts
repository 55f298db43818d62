/**
 * A number in [0, 1) that depends on nothing but its arguments: the same seed and keys give the same world, in whatever order it
 * is asked for. Seed and keys are integers below 2^32.
 */
export function roll(seed: number, ...keys: readonly number[]): number {
  let hash = seed ^ 0x9e3779b9;
  for (const key of keys) {
    hash = Math.imul(hash ^ key, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}

/** An integer of `[low, high]` for a roll. */
export function between(low: number, high: number, rolled: number): number {
  return low + Math.floor(rolled * (high - low + 1));
}

/** One of `items` for a roll; undefined if the list is empty. */
export function pick<Item>(items: readonly Item[], rolled: number): Item | undefined {
  return items[Math.floor(rolled * items.length)];
}
