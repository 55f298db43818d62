import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReceiverTls } from '../../push/receiver.ts';
import { certificatesIn, NO_CERTIFICATE, privateKeyIn } from '../values/pem.ts';
import { reasonUnreadable } from '../values/secrets.ts';
import type { Setting, SettingsSource } from './setting.ts';

/** The TLS files as configured. */
export interface TlsFiles {
  readonly ca: Setting | undefined;
  readonly cert: Setting | undefined;
  readonly key: Setting | undefined;
}

/** Reads the files once; problems never quote their contents. */
export function tlsOf(files: TlsFiles, source: SettingsSource): ReceiverTls {
  const ca = pemOf(files.ca, source, certificateProblem);
  const cert = pemOf(files.cert, source, certificateProblem);
  const key = pemOf(files.key, source, keyProblem);
  if (files.cert && !files.key) source.refuse(files.cert.path, 'needs a private key; add it');
  if (files.key && !files.cert) source.refuse(files.key.path, 'needs a certificate; add it');
  if (files.key && cert && key && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    source.refuse(files.key.path, 'names a file whose key does not match the certificate');
  return withKey({ ...(ca && { ca }), ...(cert && { cert }) }, key);
}

/** Keeps the key out of printed and serialized forms of the object, but not out of copies. */
function withKey(tls: ReceiverTls, key: string | undefined): ReceiverTls {
  if (key === undefined) return tls;
  const withGetter = {
    ...tls,
    get key() {
      return key;
    },
  };
  return Object.defineProperty(withGetter, 'toJSON', { value: () => tls });
}

function pemOf(
  setting: Setting | undefined,
  source: SettingsSource,
  problemOf: (text: string) => string | undefined,
): string | undefined {
  if (!setting) return undefined;
  try {
    const text = readFileSync(resolve(source.folder, setting.text), 'utf8');
    const problem = problemOf(text);
    if (problem === undefined) return text;
    source.refuse(setting.path, `names a file that ${problem}`);
  } catch (error) {
    source.refuse(setting.path, `cannot be read: ${reasonUnreadable(error)}`);
  }
  return undefined;
}

function certificateProblem(text: string): string | undefined {
  return certificatesIn(text).length === 0 ? NO_CERTIFICATE : undefined;
}

function keyProblem(text: string): string | undefined {
  const found = privateKeyIn(text);
  return 'problem' in found ? found.problem : undefined;
}
