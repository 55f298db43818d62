/** Shorter ones would also be found where they are not meant. */
const SHORTEST_KEY = 6;

/** An answer free of the keys that were sent: what a provider echoes must become no label, note or output. */
export function bytesWithoutKeys(bytes: Buffer, keys: ReadonlySet<string>): Buffer {
  // JSON may write any letter as \u00xx, and whoever parses it would make the key of it again.
  // Of ASCII, that is: an escaped é is no letter of a key, and looking for keys in all forms takes long.
  // One search for all six rows: each false start of a search through bytes takes as long as a hundred bytes.
  const areLettersEscaped = bytes.includes('\\u00') && /\\u00[2-7]/.test(bytes.toString('latin1'));
  const plain = !areLettersEscaped && [...keys].every((key) => isPlain(key) && !bytes.includes(key));
  const secrets = plain ? [] : secretsIn(keys, areLettersEscaped);
  if (secrets.length === 0) return bytes;
  const text = secrets.reduce((rest, key) => rest.replaceAll(key, '[key]'), bytes.toString('latin1'));
  return Buffer.from(text, 'latin1');
}

/** Text free of the keys, however they are written. */
export function textWithoutKeys(text: string, keys: ReadonlySet<string>): string {
  return createKeyRedactor(keys)(text);
}

/** {@link textWithoutKeys} for texts one after another, of keys that are the same: thousands of them are looked up, not tried. */
export function createKeyRedactor(keys: ReadonlySet<string>): (text: string) => string {
  const plain = Map.groupBy(
    [...keys].filter((key) => key.length >= SHORTEST_KEY),
    (key) => key.slice(0, SHORTEST_KEY),
  );
  let every: RegExp[] | undefined;
  return (text) => {
    const found = new Set<string>();
    for (let at = 0; at + SHORTEST_KEY <= text.length; at += 1) {
      for (const key of plain.get(text.slice(at, at + SHORTEST_KEY)) ?? []) found.add(key);
    }
    if (!ESCAPED.test(text) && found.size === 0) return text;
    if (ESCAPED.test(text)) every ??= secretsIn(keys, true);
    const secrets = ESCAPED.test(text) && every ? every : secretsIn(found, true);
    return secrets.reduce((rest, key) => rest.replaceAll(key, '[key]'), text);
  };
}

/** What any character of a key is escaped with. */
const ESCAPED = /[\\%]/;

/** Nobody has a reason to escape what such a key is made of. */
function isPlain(key: string): boolean {
  return /^[\w.~-]*$/.test(key);
}

/** Each key as it may be written: as it is, or with characters escaped as in JSON or in a URL; seldom letters, too. Longest first: one may hold another. */
function secretsIn(keys: ReadonlySet<string>, areLettersEscaped: boolean): RegExp[] {
  const formOf = (character: string) => formsOf(character, areLettersEscaped);
  return [...keys]
    .filter((key) => key.length >= SHORTEST_KEY)
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
