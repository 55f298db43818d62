import { textWithoutKeys } from '../runtime/secrets.ts';
import type { Receiver } from './receiver.ts';

/** Turns what others say into a piece of one message: short, printable, and without a key that was sent. */
export type Wording = (text: string) => string;

const LONGEST_TEXT = 200;

/** The wording for one receiver. A receiver may echo a key, in a place nobody thought of. */
export function wordingFor(receiver: Pick<Receiver, 'url' | 'headers'>): Wording {
  return (text) => {
    const safe = textWithoutKeys(text, secretsOf(receiver));
    const line = safe.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
    return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
  };
}

/** Whole values and their words. */
function secretsOf({ url, headers }: Pick<Receiver, 'url' | 'headers'>): Set<string> {
  const { username, password, searchParams } = new URL(url);
  const values = [...Object.values(headers()), ...searchParams.values(), username, password];
  return new Set(values.flatMap((value) => [value, ...value.split(/\s+/)]));
}
