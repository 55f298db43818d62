import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { certificatesIn, NO_CERTIFICATE, privateKeyIn } from '../../config/values/pem.ts';
import type { Problems } from '../../config/yaml/problems.ts';
import { normalizeAltName } from './client-cert.ts';
import type { WebTls } from './config.ts';
import type { FileReader } from './files.ts';
import { CIPHERS, type TlsSection, VERSIONS } from './format.ts';

/** The TLS section and its context. */
export interface TlsReading {
  readonly section: TlsSection;
  /** Relative paths start here. */
  readonly folder: string;
  readonly reader: FileReader;
  readonly problems: Problems;
}

const SECTION = 'tls_server_config';

/** The TLS settings; undefined, with every problem reported, if they are invalid. */
export function tlsOf(reading: TlsReading): WebTls | undefined {
  const { section, problems } = reading;
  const cert = pemOf(reading, 'cert');
  const key = pemOf(reading, 'key');
  const ca = pemOf(reading, 'client_ca');
  for (const name of ['cert', 'key'] as const) {
    if (isAbsent(section, name))
      problems.add([SECTION, `${name}_file`], `is missing; add ${name}_file: PATH`);
  }
  if (ca && certificatesIn(ca.text).length === 0) problems.add(ca.path, NO_CERTIFICATE);
  if (cert && key) checkPair(cert, key, problems);
  if (problems.list.length > 0 || !cert || !key) return undefined;
  const context = contextOf(section, { cert: cert.text, key: key.text, ca: ca?.text });
  const rejection = opensslError(context);
  if (rejection !== undefined) problems.add(cert.path, `is rejected by OpenSSL: ${rejection}`);
  const { client_auth_type: clientAuth, client_allowed_sans: sans } = section;
  const allowedSans = sans && new Set(sans.map(normalizeAltName));
  const all = JSON.stringify([context, clientAuth, sans]);
  return {
    context: () => context,
    clientAuth,
    allowedSans,
    id: createHash('sha256').update(all).digest('hex'),
  };
}

type PemName = 'cert' | 'key' | 'client_ca';

/** A PEM text and the key it comes from. */
interface Pem {
  readonly text: string;
  readonly path: readonly string[];
}

/** The toolkit treats empty text as absent. */
function isAbsent(section: TlsSection, name: PemName): boolean {
  return !section[name] && !section[`${name}_file`];
}

/** Reads a PEM text from the configuration itself or from the file it names. */
function pemOf({ section, folder, reader, problems }: TlsReading, name: PemName): Pem | undefined {
  const inline = section[name];
  const file = section[`${name}_file`];
  const path = [SECTION, `${name}_file`];
  if (inline && file) problems.add(path, `conflicts with ${name}; keep one of the two`, 'key');
  if (inline) return { text: inline, path: [SECTION, name] };
  if (!file) return undefined;
  const answer = reader.read(resolve(folder, file));
  if ('text' in answer) return { text: answer.text, path };
  problems.add(path, answer.problem);
  return undefined;
}

function checkPair(cert: Pem, key: Pem, problems: Problems): void {
  const [leaf] = certificatesIn(cert.text);
  const found = privateKeyIn(key.text);
  if (!leaf) problems.add(cert.path, NO_CERTIFICATE);
  if ('problem' in found) problems.add(key.path, found.problem);
  else if (leaf && !leaf.checkPrivateKey(found.key))
    problems.add(key.path, 'contains a private key that does not match the certificate');
}

function contextOf(
  section: TlsSection,
  pem: { readonly cert: string; readonly key: string; readonly ca: string | undefined },
): SecureContextOptions {
  const { min_version: min, max_version: max, curve_preferences: curves } = section;
  return {
    cert: pem.cert,
    key: pem.key,
    // Without an authority, trust none: not those of Node.
    ca: pem.ca ?? [],
    minVersion: min.name,
    maxVersion: max.name,
    ciphers: ciphersOf(section),
    honorCipherOrder: section.prefer_server_cipher_suites,
    ecdhCurve: curves.length > 0 ? curves.join(':') : 'auto',
  };
}

/** The suites of TLS 1.3 are not configurable, as in Go. */
function ciphersOf({ cipher_suites: suites, min_version: min }: TlsSection): string {
  const known = Object.values(CIPHERS);
  const others = (suites.length > 0 ? suites : known).filter((name) => !isOfTls13(name));
  // OpenSSL supports TLS 1.0 and 1.1 only at this level: https://docs.openssl.org/3.5/man3/SSL_CTX_set_security_level/
  const level = min.age < VERSIONS.TLS12.age ? ['@SECLEVEL=0'] : [];
  return [...known.filter(isOfTls13), ...others, ...level].join(':');
}

function isOfTls13(name: string): boolean {
  return name.startsWith('TLS_');
}

/** OpenSSL's reason to reject the context, such as `ee key too small`; never quotes the key. */
function opensslError(context: SecureContextOptions): string | undefined {
  try {
    createSecureContext(context);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
    return typeof reason === 'string' ? reason : 'no reason given';
  }
}
