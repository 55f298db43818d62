import type { Problems } from '../../config/yaml/problems.ts';
import { CIPHERS, HTTP2_CIPHERS, type WebFile } from './format.ts';

/** Reports keys that are valid alone but not together. */
export function checkCombinations(file: WebFile, problems: Problems): void {
  const { rate_limit: rate, tls_server_config: tls, http_server_config: http } = file;
  if (rate.interval > 0 && rate.burst === 0)
    problems.add(
      ['rate_limit', 'burst'],
      'must be at least 1 if there is an interval; no request would be answered',
    );
  if (!tls) return;
  checkClients(tls, problems);
  if (tls.min_version.age > tls.max_version.age)
    problems.add(['tls_server_config', 'min_version'], 'is newer than max_version; no client could connect');
  if (http.http2 && tls.min_version.name !== 'TLSv1.3' && lacksHttp2(tls.cipher_suites))
    problems.add(
      ['tls_server_config', 'cipher_suites'],
      `lacks what HTTP/2 needs; add ${HTTP2_NAMES}, or set http_server_config.http2 to false`,
    );
}

const HTTP2_NAMES = HTTP2_CIPHERS.join(' or ');

function lacksHttp2(ciphers: readonly string[]): boolean {
  return ciphers.length > 0 && !HTTP2_CIPHERS.some((name) => ciphers.includes(CIPHERS[name]));
}

function checkClients(tls: NonNullable<WebFile['tls_server_config']>, problems: Problems): void {
  const { client_auth_type: auth, client_allowed_sans: sans, client_ca, client_ca_file } = tls;
  const ca = client_ca ? 'client_ca' : 'client_ca_file';
  const hasCa = Boolean(client_ca || client_ca_file);
  const add = (key: string, message: string) => problems.add(['tls_server_config', key], message);
  if (hasCa && !auth.asks)
    add(ca, 'has no effect without client_auth_type, such as RequireAndVerifyClientCert; add it');
  if (!hasCa && auth.verifies)
    add(
      'client_auth_type',
      'verifies certificates and needs client_ca_file, the authority that signs them; add it',
    );
  if (sans && !auth.requires)
    add(
      'client_allowed_sans',
      'needs a client_auth_type that requires a certificate: RequireAndVerifyClientCert',
    );
}
