import { type Fixed, magnitude } from '../values/money.ts';

/** Amounts by series, packed: at 12 bytes each, there may be millions. */
export class PackedAmounts implements Iterable<readonly [series: number, amount: Fixed]> {
  readonly ids: Int32Array;
  readonly amounts: BigInt64Array | readonly Fixed[];
  /** The sum of their magnitudes, rounded: any sum of some of them is at most a millionth larger. */
  readonly bound: number;

  constructor(ids: Int32Array, amounts: BigInt64Array | readonly Fixed[], bound = boundOf(amounts)) {
    this.ids = ids;
    this.amounts = amounts;
    this.bound = bound;
  }

  get size(): number {
    return this.ids.length;
  }

  *[Symbol.iterator](): Generator<readonly [number, Fixed]> {
    for (const [index, id] of this.ids.entries()) yield [id, this.amounts[index] ?? 0n];
  }
}

export function boundOf(amounts: Iterable<Fixed>): number {
  let bound = 0;
  for (const amount of amounts) bound += Number(magnitude(amount));
  return bound;
}
