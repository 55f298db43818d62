import { textWithoutKeys } from '../runtime/secrets.ts';
import type { Receiver } from './receiver.ts';

/** Makes a receiver's text fit for a message: short, printable and without keys. */
export type Sanitizer = (text: string) => string;

const MAX_TEXT_CHARACTERS = 200;

/** The sanitizer for one receiver, which may echo its keys anywhere. */
export function createSanitizer(receiver: Pick<Receiver, 'url' | 'headers'>): Sanitizer {
  return (text) => {
    const safe = textWithoutKeys(text, secretsOf(receiver));
    const line = safe.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
    return line.length > MAX_TEXT_CHARACTERS ? `${line.slice(0, MAX_TEXT_CHARACTERS)}…` : line;
  };
}

/** Complete header values, their words, and what the URL holds. */
function secretsOf({ url, headers }: Pick<Receiver, 'url' | 'headers'>): Set<string> {
  const { username, password, searchParams } = new URL(url);
  const values = [...Object.values(headers()), ...searchParams.values(), username, password];
  return new Set(values.flatMap((value) => [value, ...value.split(/\s+/)]));
}
