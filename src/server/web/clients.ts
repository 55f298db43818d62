import type { TLSSocket } from 'node:tls';
import { subjectAltNames } from './client-cert.ts';
import type { WebTls } from './config.ts';

/** Whether a client may stay, by the certificate that it did or did not show. */
export function admits({ clientAuth, allowedSans }: WebTls, socket: TLSSocket): boolean {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return !clientAuth.requires;
  if (clientAuth.verifies && !socket.authorized) return false;
  return !allowedSans || subjectAltNames(certificate).some((name) => allowedSans.has(name));
}
