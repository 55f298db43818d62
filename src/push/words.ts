import type { Receiver } from './receiver.ts';

/** Turns what others say into a piece of one message: short, printable, and without a key that was sent. */
export type Wording = (text: string) => string;

const LONGEST_TEXT = 200;
/** Shorter ones would also be found where they are not meant. */
const SHORTEST_SECRET = 6;

/** The wording for one receiver. A receiver may echo a key, in a place nobody thought of. */
export function wordingFor(receiver: Pick<Receiver, 'url' | 'headers'>): Wording {
  return (text) => {
    const safe = secretsOf(receiver).reduce((rest, secret) => rest.replaceAll(secret, '[key]'), text);
    const line = safe.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
    return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
  };
}

/** Longest first: one may hold another. */
function secretsOf({ url, headers }: Pick<Receiver, 'url' | 'headers'>): string[] {
  const { username, password, searchParams } = new URL(url);
  const values = [...Object.values(headers()), ...searchParams.values(), username, password];
  return values
    .flatMap((value) => [value, ...value.split(/\s+/)])
    .filter((value) => value.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
}
