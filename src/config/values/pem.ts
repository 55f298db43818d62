import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

/** What is wrong with a text in which there is none. */
export const NO_CERTIFICATE = 'holds no certificate in PEM form, or a broken one';

/** The certificates of a PEM text, in their order; none where one of them is broken. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

/** The private key of a PEM text, or what is wrong with it, which holds none of it. */
export function privateKeyIn(pem: string): { readonly key: KeyObject } | { readonly problem: string } {
  if (!PRIVATE_KEY.test(pem)) return { problem: 'holds no private key in PEM form' };
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem))
    return { problem: 'holds a private key that needs a passphrase; decrypt it' };
  try {
    return { key: createPrivateKey(pem) };
  } catch {
    return { problem: 'holds a private key that is broken or of an unknown kind' };
  }
}
