/** What a name must be to be shown as a label. */
export const LABEL_FORM = '1 to 64 printable characters, without spaces around them';

export function isLabel(name: string): boolean {
  return /^(?!\s)\P{C}{1,64}(?<!\s)$/u.test(name);
}
