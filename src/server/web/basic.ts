import type { Credentials } from './passwords.ts';

/** What an `Authorization` header says by the basic scheme; undefined for anything else. https://www.rfc-editor.org/rfc/rfc7617 */
export function credentialsOf(authorization: string | undefined): Credentials | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '') ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  const colon = bytes.indexOf(':');
  if (colon < 0) return undefined;
  return { user: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}
