import type { X509Certificate } from 'node:crypto';
import { isIPv6, SocketAddress } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { WebTls } from './config.ts';

/** Whether a client may connect, by its certificate or the lack of one. */
export function admitsClient({ clientAuth, allowedSans }: WebTls, socket: TLSSocket): boolean {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return !clientAuth.requires;
  if (clientAuth.verifies && !socket.authorized) return false;
  return !allowedSans || subjectAltNames(certificate).some((name) => allowedSans.has(name));
}

/** A name as Node writes it: quoted as in JSON if it contains a comma, a quote or a character that is not printable. */
const NAME = /(?:^|, )([^:",]+):((?:"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"|[^",])*)/giu;
const TYPES: readonly unknown[] = ['DNS', 'email', 'URI', 'IP Address'];

/**
 * The DNS, e-mail, URI and IP names of a certificate; none if the text is ambiguous.
 *
 * `checkHost` and its kin would not do: they ignore case, take a leading dot for a wildcard and know no URIs, while the
 * exporter-toolkit compares exactly.
 */
export function subjectAltNames({
  subjectAltName: text = '',
}: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const found = [...text.matchAll(NAME)];
  if (found.map(([whole]) => whole).join('') !== text) return [];
  return found.flatMap(([, type, name = '']) =>
    TYPES.includes(type) ? [normalizeAltName(unquote(name))] : [],
  );
}

function unquote(name: string): string {
  return /^".*"$/s.test(name) ? String(JSON.parse(name)) : name;
}

/** The compressed form of an IPv6 address: Node writes out that of a certificate, `0:0:0:0:0:0:0:1`. */
export function normalizeAltName(name: string): string {
  return isIPv6(name) ? new SocketAddress({ address: name, family: 'ipv6' }).address : name;
}
