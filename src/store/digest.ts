import type { SQLOutputValue } from 'node:sqlite';

/**
 * The digest of a set of rows: the sum of their hashes modulo 2^53, so that it follows each row that comes or goes and does not depend
 * on their order. It finds damage, not malice: one byte that changed in one row always changes the sum, and of other damage all but one
 * case in 10^15 does.
 */
export type RowDigest = number;

/** No rows. */
export const EMPTY: RowDigest = 0;

const MODULUS = 2 ** 53;

/** The digest of both sets together. Every step stays below 2^53, where integers are exact. */
export function plus(a: RowDigest, b: RowDigest): RowDigest {
  const sum = a - MODULUS + b;
  return sum < 0 ? sum + MODULUS : sum;
}

/** The digest of the first set without the second. */
export function minus(a: RowDigest, b: RowDigest): RowDigest {
  const difference = a - b;
  return difference < 0 ? difference + MODULUS : difference;
}

/** The hash of a row's values, those before `from` left out. */
export function hashRow(row: readonly SQLOutputValue[], from = 0): RowDigest {
  let a = SEED_A;
  let b = SEED_B;
  for (let index = from; index < row.length; index += 1) {
    const value = row[index];
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      const high = Math.floor(value / 2 ** 32);
      a = Math.imul(Math.imul(a ^ value, PRIME_A) ^ high, PRIME_A) ^ 1;
      b = Math.imul(Math.imul(b ^ value, PRIME_B) ^ high, PRIME_B) ^ 1;
    } else {
      const text = typeof value === 'string' ? value : String(value);
      const type = typeof value === 'string' ? 2 : 3;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        a = Math.imul(a ^ code, PRIME_A);
        b = Math.imul(b ^ code, PRIME_B);
      }
      a = Math.imul(a ^ text.length, PRIME_A) ^ type;
      b = Math.imul(b ^ text.length, PRIME_B) ^ type;
    }
  }
  return joinHashes(a, b);
}

export function joinHashes(a: number, b: number): RowDigest {
  return (mixed(a) >>> 0) * 2 ** 21 + (mixed(b) >>> 11);
}

export const SEED_A = 0x2545f491;
export const SEED_B = 0x27d4eb2f;
/** Odd, so that no step forgets anything: FNV-1a's prime and one of MurmurHash3's. */
export const PRIME_A = 0x01000193;
export const PRIME_B = 0xcc9e2d51;

/** MurmurHash3's last step: https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp */
function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
