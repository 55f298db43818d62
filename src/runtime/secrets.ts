/** Shorter keys would also match unrelated text. */
const MIN_KEY_CHARACTERS = 6;

/** A response without the keys that were sent: what a provider echoes must not become a label, note or output. */
export function bytesWithoutKeys(bytes: Buffer, keys: ReadonlySet<string>): Buffer {
  // JSON may escape any letter as \u00xx, and parsing would restore the key. Only ASCII matters: no key contains é, and searching for
  // keys in every form is slow. One search covers all six rows: each false start costs as much as a hundred bytes.
  const areLettersEscaped = bytes.includes('\\u00') && /\\u00[2-7]/.test(bytes.toString('latin1'));
  const plain = !areLettersEscaped && [...keys].every((key) => isPlain(key) && !bytes.includes(key));
  const secrets = plain ? [] : patternsOf(keys, areLettersEscaped);
  if (secrets.length === 0) return bytes;
  const text = secrets.reduce((rest, key) => rest.replaceAll(key, '[key]'), bytes.toString('latin1'));
  return Buffer.from(text, 'latin1');
}

/** Text without the keys, in whatever form they are written. */
export function textWithoutKeys(text: string, keys: ReadonlySet<string>): string {
  return createKeyRedactor(keys)(text);
}

/** {@link textWithoutKeys} for many texts and the same keys: thousands of keys are looked up rather than tried. */
export function createKeyRedactor(keys: ReadonlySet<string>): (text: string) => string {
  const plain = Map.groupBy(
    [...keys].filter((key) => key.length >= MIN_KEY_CHARACTERS),
    (key) => key.slice(0, MIN_KEY_CHARACTERS),
  );
  let every: RegExp[] | undefined;
  return (text) => {
    const found = new Set<string>();
    for (let at = 0; at + MIN_KEY_CHARACTERS <= text.length; at += 1) {
      for (const key of plain.get(text.slice(at, at + MIN_KEY_CHARACTERS)) ?? []) found.add(key);
    }
    if (!ESCAPED.test(text) && found.size === 0) return text;
    if (ESCAPED.test(text)) every ??= patternsOf(keys, true);
    const secrets = ESCAPED.test(text) && every ? every : patternsOf(found, true);
    return secrets.reduce((rest, key) => rest.replaceAll(key, '[key]'), text);
  };
}

/** The characters that start an escape. */
const ESCAPED = /[\\%]/;

/** A key without characters that need escaping. */
function isPlain(key: string): boolean {
  return /^[\w.~-]*$/.test(key);
}

/** Patterns of the keys: verbatim, or escaped as in JSON or URLs, if need be letters too. Longest first, as one may contain another. */
function patternsOf(keys: ReadonlySet<string>, areLettersEscaped: boolean): RegExp[] {
  const formOf = (character: string) => formsOf(character, areLettersEscaped);
  return [...keys]
    .filter((key) => key.length >= MIN_KEY_CHARACTERS)
    .sort((a, b) => b.length - a.length)
    .map((key) => new RegExp([...Buffer.from(key).toString('latin1')].map(formOf).join(''), 'g'));
}

function formsOf(character: string, areLettersEscaped: boolean): string {
  const isLetter = /\w/.test(character);
  if (isLetter && !areLettersEscaped) return character;
  const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
  const digits = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const plain = isLetter ? character : `\\\\?\\x${hex}`;
  return `(?:${plain}|\\\\u00${digits}|%${digits})`;
}
