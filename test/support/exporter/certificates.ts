import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** PEM texts of one certificate and its key. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** A test authority, with a server certificate for localhost and 127.0.0.1, and a client certificate. */
export interface Certificates {
  readonly ca: string;
  readonly server: Certified;
  readonly client: Certified;
}

/** Generates certificates with new keys, so that the repository contains no private key. */
export function makeCertificates(): Certificates {
  const { ca, vouchFor } = createAuthority('Authority of a test');
  return {
    ca,
    server: vouchFor('Server of a test', AT_LOOPBACK),
    client: vouchFor('Client of a test'),
  };
}

/** Subject alternative names; an IP address as its bytes. */
export interface Sans {
  readonly email?: string;
  readonly dns?: string;
  readonly uri?: string;
  readonly ip?: readonly number[];
}

/** The names of a test server. */
export const AT_LOOPBACK: Sans = { dns: 'localhost', ip: [127, 0, 0, 1] };

export type KeyPair = Pick<Party, 'publicKey' | 'privateKey'>;

/** A certificate authority. */
export interface Authority {
  readonly ca: string;
  /** The private key of `ca`. */
  readonly key: string;
  /** Issues a certificate, with a new key pair unless one is given. */
  vouchFor(name: string, sans?: Sans, pair?: KeyPair): Certified;
}

export function createAuthority(name: string): Authority {
  const authority = { name, ...generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) };
  return {
    ca: certificate({ subject: authority, issuer: authority, extensions: [BASIC_CONSTRAINTS_CA] }),
    key: pemOf(authority),
    vouchFor(name, sans = {}, pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })) {
      const subject = { name, ...pair };
      const cert = certificate({ subject, issuer: authority, extensions: namesOf(sans) });
      return { cert, key: pemOf(subject) };
    },
  };
}

function pemOf({ privateKey }: Party): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

interface Party {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Wanted {
  readonly subject: Party;
  readonly issuer: Party;
  readonly extensions: readonly Buffer[];
}

/** https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
function certificate({ subject, issuer, extensions }: Wanted): string {
  const content = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z'))),
    nameOf(subject),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  );
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', content, issuer.privateKey)]);
  const base64 = sequence(content, ECDSA_WITH_SHA256, der(0x03, signature)).toString('base64');
  return [
    '-----BEGIN CERTIFICATE-----',
    ...(base64.match(/.{1,64}/g) ?? []),
    '-----END CERTIFICATE-----',
    '',
  ].join('\n');
}

function nameOf({ name }: Party): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))));
}

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const BASIC_CONSTRAINTS_CA = extension('551d13', sequence(der(0x01, Buffer.of(0xff))));

/** https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6 */
function namesOf({ email, dns, uri, ip }: Sans): Buffer[] {
  const names = [
    ...(email === undefined ? [] : [der(0x81, Buffer.from(email))]),
    ...(dns === undefined ? [] : [der(0x82, Buffer.from(dns))]),
    ...(uri === undefined ? [] : [der(0x86, Buffer.from(uri))]),
    ...(ip === undefined ? [] : [der(0x87, Buffer.from(ip))]),
  ];
  return names.length === 0 ? [] : [extension('551d11', sequence(...names))];
}

function extension(identifier: string, value: Buffer): Buffer {
  return sequence(oid(identifier), der(0x04, value));
}

/** @param hex as it is encoded. */
function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  // DER requires the shortest form, and Go rejects any other.
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length % 256];
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), content]);
}
