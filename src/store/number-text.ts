import { PackedAmounts } from '../core/ledger/packed-amounts.ts';
import { EMPTY, joinHashes, PRIME_A, PRIME_B, plus, type RowDigest, SEED_A, SEED_B } from './digest.ts';

/** What separates numbers is less: a space, or a comma. */
const MINUS = 45;
const ZERO = 48;
/** So many digits fit in 32 bits, and twice as many in 64. */
const CHUNK = 9;
const POWERS = BigInt64Array.from({ length: CHUNK + 1 }, (_, places) => 10n ** BigInt(places));
const ROUNDED_POWERS = Float64Array.from(POWERS, Number);

export function countNumbers(text: string): number {
  let count = text === '' ? 0 : 1;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) < MINUS) count += 1;
  return count;
}

/** The first numbers of a text, which have no sign and fit in 32 bits, and where the next one begins. */
export function readIds(text: string, count: number): { readonly ids: Int32Array; readonly end: number } {
  const ids = new Int32Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    let id = 0;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code < MINUS) break;
      id = (Math.imul(id, 10) + code - ZERO) | 0;
    }
    ids[index] = id;
    at += 1;
  }
  return { ids, end: at };
}

export interface ReadAmounts {
  /** Of the rows of an id and the text of an amount, as `hashRow` hashes them. */
  readonly digest: RowDigest;
  /** To be called once the digest was verified. */
  amounts(): PackedAmounts;
}

/** The amounts of some series from a place of a text on. There may be a million: one loop reads and hashes them, without an object for any. */
export function readAmounts(text: string, start: number, ids: Int32Array): ReadAmounts {
  const amounts = new BigInt64Array(ids.length);
  let isSmall = true;
  let bound = 0;
  let digest = EMPTY;
  let at = start;
  for (let index = 0; index < ids.length; index += 1) {
    const id = ids[index] ?? 0;
    const first = at;
    let a = Math.imul(Math.imul(SEED_A ^ id, PRIME_A), PRIME_A) ^ 1;
    let b = Math.imul(Math.imul(SEED_B ^ id, PRIME_B), PRIME_B) ^ 1;
    let isNegative = false;
    let high = 0;
    let low = 0;
    const middle = at + CHUNK;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code < MINUS) break;
      a = Math.imul(a ^ code, PRIME_A);
      b = Math.imul(b ^ code, PRIME_B);
      if (code === MINUS) isNegative = true;
      else if (at < middle) high = (Math.imul(high, 10) + code - ZERO) | 0;
      else low = (Math.imul(low, 10) + code - ZERO) | 0;
    }
    a = Math.imul(a ^ (at - first), PRIME_A) ^ 2;
    b = Math.imul(b ^ (at - first), PRIME_B) ^ 2;
    digest = plus(digest, joinHashes(a, b));
    const places = Math.max(0, at - middle);
    if (places > CHUNK) isSmall = false;
    amounts[index] =
      BigInt(isNegative ? -high : high) * (POWERS[places] ?? 0n) + BigInt(isNegative ? -low : low);
    bound += high * (ROUNDED_POWERS[places] ?? 0) + low;
    at += 1;
  }
  return {
    digest,
    amounts: () =>
      isSmall
        ? new PackedAmounts(ids, amounts, bound)
        : new PackedAmounts(ids, text.slice(start).split(/[ ,]/).map(BigInt)),
  };
}
