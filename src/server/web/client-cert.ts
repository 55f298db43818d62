import type { X509Certificate } from 'node:crypto';
import { isIPv6, SocketAddress } from 'node:net';

/** A name as Node writes it: in quotes, as in JSON, where it holds a comma, a quote or a character that is not printable. */
const NAME = /(?:^|, )([^:",]+):((?:"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"|[^",])*)/giu;
const KINDS: readonly unknown[] = ['DNS', 'email', 'URI', 'IP Address'];

/** The names a certificate was made out for: DNS, e-mail, URI and IP; none where they cannot be told apart beyond doubt. */
export function subjectAltNames({
  subjectAltName: text = '',
}: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const found = [...text.matchAll(NAME)];
  if (found.map(([whole]) => whole).join('') !== text) return [];
  return found.flatMap(([, kind, name = '']) =>
    KINDS.includes(kind) ? [normalizeAltName(unquoted(name))] : [],
  );
}

function unquoted(name: string): string {
  return /^".*"$/s.test(name) ? String(JSON.parse(name)) : name;
}

/** One form for each IPv6 address: Node writes that of a certificate out, `0:0:0:0:0:0:0:1`. */
export function normalizeAltName(name: string): string {
  return isIPv6(name) ? new SocketAddress({ address: name, family: 'ipv6' }).address : name;
}
