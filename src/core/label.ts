/** What a name must be to be shown as a label. */
export const LABEL_FORM = '1 to 64 printable characters, without spaces around them';

export function isLabel(name: string): boolean {
  return /^(?!\s)\P{C}{1,64}(?<!\s)$/u.test(name);
}

/** What is longer was not written to be read, and each series repeats it. */
const MAX_LENGTH = 512;

/**
 * A label as it can be stored and shown: half a surrogate pair or a NUL would make two label sets one. Of a long one the beginning
 * stays, with a number made of all of it, so that two of them do not become one.
 */
export function cleanLabel(label: string): string {
  if (isClean(label)) return label;
  const short = label.length > MAX_LENGTH ? `${label.slice(0, MAX_LENGTH - 9)}…${hashOf(label)}` : label;
  return short.toWellFormed().replaceAll('\0', '\uFFFD');
}

export function isClean(label: string): boolean {
  return label.length <= MAX_LENGTH && label.isWellFormed() && !label.includes('\0');
}

/** FNV-1a, as eight hexadecimal digits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
