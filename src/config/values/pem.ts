import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

/** The problem with a text without certificates. */
export const NO_CERTIFICATE = 'contains no valid PEM certificate';

/** The certificates of a PEM text, in order; none if one of them is invalid. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

/** The private key of a PEM text, or what is wrong with it, without quoting any of it. */
export function privateKeyIn(pem: string): { readonly key: KeyObject } | { readonly problem: string } {
  if (!PRIVATE_KEY.test(pem)) return { problem: 'contains no PEM private key' };
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem))
    return { problem: 'contains an encrypted private key; decrypt it' };
  try {
    return { key: createPrivateKey(pem) };
  } catch {
    return { problem: 'contains a private key that is invalid or of an unknown type' };
  }
}
