/** A fake key that is easy to find: letters that occur nowhere else, and characters that every encoder escapes. */
export interface Canary {
  readonly key: string;
  /** The letters, which every encoding of the key contains. */
  readonly core: string;
}

export function canaryOf(name: string): Canary {
  const core = `cNrY7${name.replaceAll(/\W/g, '')}Zq`;
  return { key: `k+/${core}&"<'=%~`, core };
}

const WAYS: Readonly<Record<string, (text: string) => readonly string[]>> = {
  'as it is': (text) => [text],
  'in JSON escapes': (text) => {
    const escaped = [...text].map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).join('');
    return [escaped, escaped.toUpperCase().replaceAll('\\U', '\\u')];
  },
  'in URL escapes': (text) => [[...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')],
  // For every alignment of base64.
  'in base64': (text) =>
    ['', 'a', 'ab'].flatMap((before) => {
      const whole = Buffer.from(before + text).toString('base64');
      const own = whole.slice(before === '' ? 0 : 4, Math.floor(((before + text).length * 8) / 6 / 4) * 4);
      return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
    }),
  'in hexadecimal': (text) => [Buffer.from(text).toString('hex')],
  backward: (text) => [[...text].reverse().join('')],
};

/** Where, and in which encoding, any of the canaries occurs. */
export function canariesIn(
  canaries: readonly Canary[],
  seen: ReadonlyMap<string, string | Buffer>,
): string[] {
  return [...seen].flatMap(([place, text]) => {
    const haystack = typeof text === 'string' ? Buffer.from(text) : text;
    return canaries.flatMap(({ core }) =>
      Object.entries(WAYS)
        .filter(([, write]) => write(core).some((form) => haystack.includes(form)))
        .map(([way]) => `${place}: ${core} ${way}`),
    );
  });
}

/** The key in every encoding, one after the other. */
export function allForms({ key, core }: Canary): string {
  return [
    key,
    JSON.stringify(key),
    encodeURIComponent(key),
    ...Object.values(WAYS).flatMap((write) => [...write(core), ...write(key)]),
  ].join(' ');
}
