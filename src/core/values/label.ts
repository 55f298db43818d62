/** The form of names that become labels. */
export const LABEL_FORM = '1 to 64 printable characters, without spaces around them';

export function isLabel(name: string): boolean {
  return /^(?!\s)\P{C}{1,64}(?<!\s)$/u.test(name);
}

/** How long a label may be, in UTF-16 code units. Every sample of its series repeats it. */
const MAX_LABEL = 256;

/** Digits of the hash that keeps two long labels with the same beginning apart. */
const HASH_DIGITS = 14;

/**
 * A label as it can be stored and shown: half a surrogate pair or a NUL would make two label sets one. A long one is cut, and ends in
 * a hash of all of it.
 */
export function cleanLabel(label: string): string {
  if (isClean(label)) return label;
  const text = label.toWellFormed().replaceAll('\0', '\uFFFD');
  if (!isLong(text)) return text;
  const hash = hash53(text).toString(16).padStart(HASH_DIGITS, '0');
  // The cut may have split a pair.
  return `${text.slice(0, MAX_LABEL - HASH_DIGITS - 1).toWellFormed()}~${hash}`;
}

export function isClean(label: string): boolean {
  return !isLong(label) && label.isWellFormed() && !label.includes('\0');
}

/** Whether a label is too long to be shown whole. */
export function isLong(label: string): boolean {
  return label.length > MAX_LABEL;
}

/** Two FNV-1a hashes, of the text forwards and backwards, joined to the 53 bits that a number represents exactly. */
export function hash53(text: string): number {
  let [forwards, backwards] = [FNV_OFFSET, FNV_OFFSET];
  for (let index = 0; index < text.length; index += 1) {
    forwards = Math.imul(forwards ^ text.charCodeAt(index), FNV_PRIME);
    backwards = Math.imul(backwards ^ text.charCodeAt(text.length - 1 - index), FNV_PRIME);
  }
  return (forwards >>> 11) * 2 ** 32 + (backwards >>> 0);
}

/** http://www.isthe.com/chongo/tech/comp/fnv/ */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
