import type { Fixed } from './money.ts';

/** The value of a key; an absent one is created first. */
export function getOrCreate<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}

/** Adds to the amount of a key, which is 0 while it is absent. */
export function addTo<Key>(totals: Map<Key, Fixed>, key: Key, amount: Fixed): void {
  totals.set(key, (totals.get(key) ?? 0n) + amount);
}
