import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate that signed itself, and its private key, both in PEM form. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Made anew, so that no private key stands in the repository: https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
export function selfSigned(name: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = Buffer.from('0603550403', 'hex');
  const subject = der(0x30, der(0x31, der(0x30, commonName, der(0x0c, Buffer.from(name)))));
  const validity = der(
    0x30,
    ...['260101000000Z', '491231235959Z'].map((time) => der(0x17, Buffer.from(time))),
  );
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(0x30, der(0x02, Buffer.of(1)), ecdsaWithSha256, subject, validity, subject, spki);
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey));
  const lines = der(0x30, body, ecdsaWithSha256, signature).toString('base64').replaceAll(/.{64}/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
