/** What a name must be to be shown as a label. */
export const LABEL_FORM = '1 to 64 printable characters, without spaces around them';

export function isLabel(name: string): boolean {
  return /^(?!\s)\P{C}{1,64}(?<!\s)$/u.test(name);
}

/** A label as it can be stored and shown: half a surrogate pair or a NUL would make two label sets one. */
export function cleanLabel(label: string): string {
  return isClean(label) ? label : label.toWellFormed().replaceAll('\0', '\uFFFD');
}

export function isClean(label: string): boolean {
  return label.isWellFormed() && !label.includes('\0');
}
