import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SECRET_HASH, webFolder } from '../../../test/support/exporter/web.ts';
import { ConfigError } from '../../config/yaml/errors.ts';
import { CIPHERS } from './format.ts';
import { loadWebConfig } from './read.ts';

/** Users see these messages first, so each is listed as printed. */

const PAIR = 'cert_file: server.crt, key_file: server.key';
const SUITES = Object.keys(CIPHERS).join(', ');
const HOW = 'make one with: htpasswd -nBC 10 ""';
const NO_HASH = `must be a bcrypt hash, such as $2y$10$ and 53 more characters; ${HOW}`;

function hash(cost: number): string {
  return SECRET_HASH.replace('$04', `$${String(cost).padStart(2, '0')}`);
}

const CASES: Record<string, readonly [text: string, ...messages: string[]]> = {
  'a list': ['- a', 'web.yml:1:1: must be a mapping of keys to values'],
  'no YAML': [
    'a: b: c',
    'web.yml:1:4: a value cannot continue like this; put text that contains a colon and a space in quotes',
  ],
  'text that is not UTF-8': ['\ufffd', 'web.yml: is not UTF-8 text; save it as such'],
  'an unknown section without a value': [
    'basic_auth_user:',
    'web.yml:1:1: basic_auth_user: unknown key; did you mean "basic_auth_users"?',
  ],
  'an unknown key': [
    `tls_server_config: { ${PAIR}, cert-file: x }`,
    'web.yml:1:67: tls_server_config.cert-file: unknown key; did you mean "cert_file"?',
  ],
  'TLS that is no mapping': [
    'tls_server_config: on',
    'web.yml:1:20: tls_server_config: must be a mapping of keys to values, not text',
  ],
  'TLS without certificate and key': [
    'tls_server_config: { min_version: TLS13 }',
    'web.yml:1:1: tls_server_config.cert_file: is missing; add cert_file: PATH',
    'web.yml:1:1: tls_server_config.key_file: is missing; add key_file: PATH',
  ],
  'a certificate without its key': [
    'tls_server_config: { cert_file: server.crt }',
    'web.yml:1:1: tls_server_config.key_file: is missing; add key_file: PATH',
  ],
  'a certificate twice': [
    `tls_server_config: { ${PAIR}, cert: x }`,
    'web.yml:1:22: tls_server_config.cert_file: conflicts with cert; keep one of the two',
    'web.yml:1:73: tls_server_config.cert: contains no valid PEM certificate',
  ],
  'a blank path': [
    'tls_server_config: { cert_file: "", key_file: server.key }',
    'web.yml:1:33: tls_server_config.cert_file: is missing; add cert_file: PATH',
  ],
  'a certificate that is not there': [
    'tls_server_config: { cert_file: gone.crt, key_file: server.key }',
    'web.yml:1:33: tls_server_config.cert_file: cannot be read: the file does not exist; correct the path or create it',
  ],
  'a directory': [
    'tls_server_config: { cert_file: ., key_file: server.key }',
    'web.yml:1:33: tls_server_config.cert_file: cannot be read: it is a directory; name a file in it',
  ],
  'an empty file': [
    'tls_server_config: { cert_file: empty.pem, key_file: server.key }',
    'web.yml:1:33: tls_server_config.cert_file: contains no valid PEM certificate',
  ],
  'a large file': [
    'tls_server_config: { cert_file: large.crt, key_file: server.key }',
    'web.yml:1:33: tls_server_config.cert_file: is larger than 1 MiB',
  ],
  'a chain of which a part is broken': [
    'tls_server_config: { cert_file: broken.crt, key_file: server.key }',
    'web.yml:1:33: tls_server_config.cert_file: contains no valid PEM certificate',
  ],
  'a certificate for a key': [
    'tls_server_config: { cert_file: server.crt, key_file: server.crt }',
    'web.yml:1:55: tls_server_config.key_file: contains no PEM private key',
  ],
  'a broken key': [
    'tls_server_config: { cert_file: server.crt, key_file: broken.key }',
    'web.yml:1:55: tls_server_config.key_file: contains a private key that is invalid or of an unknown type',
  ],
  'a key with a passphrase': [
    'tls_server_config: { cert_file: server.crt, key_file: locked.key }',
    'web.yml:1:55: tls_server_config.key_file: contains an encrypted private key; decrypt it',
  ],
  "another one's key": [
    'tls_server_config: { cert_file: server.crt, key_file: client.key }',
    'web.yml:1:55: tls_server_config.key_file: contains a private key that does not match the certificate',
  ],
  'a key in place of its path': [
    `tls_server_config: { cert_file: server.crt, key_file: "-----BEGIN ${'PRIVATE'} KEY-----/do-not-print-me" }`,
    'web.yml:1:55: tls_server_config.key_file: cannot be read: the file does not exist; correct the path or create it',
  ],
  'a key that is a number': [
    'tls_server_config: { cert_file: server.crt, key: 4711 }',
    'web.yml:1:50: tls_server_config.key: must be text',
  ],
  'a key without a space': [
    'tls_server_config: { cert_file: server.crt, key:do-not-print-me }',
    'web.yml:1:45: tls_server_config.key: unknown key; put a colon and a space between key and value',
  ],
  'a key without a space, twice': [
    'tls_server_config: { key:do-not-print-me, key:do-not-print-me }',
    'web.yml:1:43: tls_server_config.key: is a duplicate key, first on line 1; keep one',
  ],
  'an authority without client authentication': [
    `tls_server_config: { ${PAIR}, client_ca_file: ca.crt }`,
    'web.yml:1:83: tls_server_config.client_ca_file: has no effect without client_auth_type, such as RequireAndVerifyClientCert; add it',
  ],
  'verification without an authority': [
    `tls_server_config: { ${PAIR}, client_auth_type: RequireAndVerifyClientCert }`,
    'web.yml:1:85: tls_server_config.client_auth_type: verifies certificates and needs client_ca_file, the authority that signs them; add it',
  ],
  'an unknown way to ask clients': [
    `tls_server_config: { ${PAIR}, client_auth_type: Require }`,
    'web.yml:1:85: tls_server_config.client_auth_type: must be one of NoClientCert, RequestClientCert, RequireAnyClientCert, RequireClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert (found "Require")',
  ],
  'a broken authority': [
    `tls_server_config: { ${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: broken.crt }`,
    'web.yml:1:129: tls_server_config.client_ca_file: contains no valid PEM certificate',
  ],
  'names of clients that need none': [
    `tls_server_config: { ${PAIR}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt, client_allowed_sans: [a] }`,
    'web.yml:1:155: tls_server_config.client_allowed_sans: needs a client_auth_type that requires a certificate: RequireAndVerifyClientCert',
  ],
  'an empty list of names': [
    `tls_server_config: { ${PAIR}, client_auth_type: RequireAnyClientCert, client_allowed_sans: [] }`,
    'web.yml:1:128: tls_server_config.client_allowed_sans: must list at least one name; no client could connect',
  ],
  'versions the wrong way round': [
    `tls_server_config: { ${PAIR}, min_version: TLS13, max_version: TLS12 }`,
    'web.yml:1:80: tls_server_config.min_version: is newer than max_version; no client could connect',
  ],
  'an unknown version': [
    `tls_server_config: { ${PAIR}, min_version: SSL30 }`,
    'web.yml:1:80: tls_server_config.min_version: must be one of TLS10, TLS11, TLS12, TLS13 (found "SSL30")',
  ],
  'an insecure suite': [
    `tls_server_config: { ${PAIR}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA] }`,
    `web.yml:1:83: tls_server_config.cipher_suites[0]: must be one of ${SUITES} (found "TLS_RSA_WITH_RC4_128_SHA")`,
  ],
  'suites without those that HTTP/2 requires': [
    `tls_server_config: { ${PAIR}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384] }`,
    'web.yml:1:82: tls_server_config.cipher_suites: lacks what HTTP/2 needs; add TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, or set http_server_config.http2 to false',
  ],
  'an unknown curve': [
    `tls_server_config: { ${PAIR}, curve_preferences: [CurveP224] }`,
    'web.yml:1:87: tls_server_config.curve_preferences[0]: must be one of CurveP256, CurveP384, CurveP521, X25519 (found "CurveP224")',
  ],
  'a preference that is text': [
    `tls_server_config: { ${PAIR}, prefer_server_cipher_suites: "yes" }`,
    'web.yml:1:96: tls_server_config.prefer_server_cipher_suites: must be true or false, not text',
  ],
  'a switch of YAML 1.1': [
    'http_server_config: { http2: yes }',
    'web.yml:1:30: http_server_config.http2: must be true or false, not text',
  ],
  'an unknown header': [
    'http_server_config: { headers: { Server: do-not-print-me } }',
    'web.yml:1:34: http_server_config.headers.Server: unknown key; available: Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security',
  ],
  'an option for frames': [
    'http_server_config: { headers: { X-Frame-Options: DENY } }',
    'web.yml:1:51: http_server_config.headers.X-Frame-Options: must be one of deny, sameorigin; did you mean "deny"?',
  ],
  'a blank where a word is needed': [
    'http_server_config: { headers: { X-Content-Type-Options: "" } }',
    'web.yml:1:58: http_server_config.headers.X-Content-Type-Options: must be one of nosniff',
  ],
  'a header of two lines': [
    'http_server_config: { headers: { Strict-Transport-Security: "a\\r\\nb" } }',
    'web.yml:1:61: http_server_config.headers.Strict-Transport-Security: must be one line that a header can carry',
  ],
  'a list of users': [
    'basic_auth_users: [alice]',
    'web.yml:1:19: basic_auth_users: must be a mapping of users to bcrypt hashes',
  ],
  'a user alone': [
    'basic_auth_users: alice',
    'web.yml:1:19: basic_auth_users: must be a mapping of users to bcrypt hashes',
  ],
  'a password in the clear': [
    'basic_auth_users: { alice: do-not-print-me }',
    `web.yml:1:28: basic_auth_users.alice: ${NO_HASH}`,
  ],
  'a password that is a number': [
    'basic_auth_users: { alice: 4711 }',
    `web.yml:1:28: basic_auth_users.alice: ${NO_HASH}`,
  ],
  'a user without a hash': [
    'basic_auth_users: { alice: }',
    `web.yml:1:28: basic_auth_users.alice: has no hash; ${HOW}`,
  ],
  'a user without a space': [
    'basic_auth_users: { "alice:do-not-print-me": }',
    'web.yml:1:46: basic_auth_users.alice: a user name cannot contain a colon; is a space missing between the colon and the hash?',
  ],
  'a user without a space, twice': [
    'basic_auth_users: { alice:do-not-print-me, alice:do-not-print-me }',
    'web.yml:1:44: basic_auth_users.alice: is a duplicate key, first on line 1; keep one',
  ],
  'a user and a password without a colon': [
    'basic_auth_users: { alice do-not-print-me: }',
    `web.yml:1:44: basic_auth_users.alice: has no hash; ${HOW}`,
  ],
  'a cost out of bounds': [
    `basic_auth_users: { alice: ${hash(19)}, bob: ${hash(3)} }`,
    `web.yml:1:28: basic_auth_users.alice: has a cost above 18, which takes too long to check; ${HOW}`,
    `web.yml:1:95: basic_auth_users.bob: has a cost below 4, which bcrypt does not support; ${HOW}`,
  ],
  'a hash of Apache': [
    'basic_auth_users: { alice: $apr1$do-not-print-me }',
    `web.yml:1:28: basic_auth_users.alice: ${NO_HASH}`,
  ],
  'a variable': [
    `basic_auth_users: { alice: "\${HASH}" }`,
    `web.yml:1:28: basic_auth_users.alice: ${NO_HASH}`,
  ],
  'a rate in nanoseconds': [
    'rate_limit: { interval: 1 }',
    'web.yml:1:25: rate_limit.interval: must be a duration such as 500ms, 1s or 1m30s, or 0 for no limit (found 1)',
  ],
  'a rate in words': [
    'rate_limit: { interval: 1 minute }',
    'web.yml:1:25: rate_limit.interval: must be a duration such as 500ms, 1s or 1m30s, or 0 for no limit (found "1 minute")',
  ],
  'a negative interval': [
    'rate_limit: { interval: -1s }',
    'web.yml:1:25: rate_limit.interval: must be a duration such as 500ms, 1s or 1m30s, or 0 for no limit (found "-1s")',
  ],
  'a rate without a burst': [
    'rate_limit: { interval: 1s }',
    'web.yml:1:1: rate_limit.burst: must be at least 1 if there is an interval; no request would be answered',
  ],
  'a fraction of a burst': [
    'rate_limit: { interval: 1s, burst: 1.5 }',
    'web.yml:1:36: rate_limit.burst: must be a whole number from 0 on (found 1.5)',
  ],
  'a section twice': [
    'rate_limit:\nrate_limit:',
    'web.yml:2:1: rate_limit: is a duplicate key, first on line 1; keep one',
  ],
};

/** A PEM block whose content is to be seen nowhere. */
function broken(what: string): string {
  const content = Buffer.from('do-not-print-me').toString('base64');
  return [`-----BEGIN ${what}-----`, content, `-----END ${what}-----`, ''].join('\n');
}

for (const [name, [text, ...messages]] of Object.entries(CASES)) {
  test(`web configuration reports ${name}`, (t) => {
    const folder = webFolder(t);
    folder.write('empty.pem', '');
    folder.write('large.crt', 'x'.repeat(1_100_000));
    folder.write('broken.crt', folder.trusted.ca + broken('CERTIFICATE'));
    folder.write('broken.key', broken('PRIVATE KEY'));
    folder.write('locked.key', broken('ENCRYPTED PRIVATE KEY'));
    folder.write('client.key', folder.trusted.vouchFor('Client').key);
    const file = folder.write('web.yml', text);
    assert.throws(
      () => loadWebConfig(file),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.doesNotMatch(error.message, /do-not-print-me|ZG8tbm90|4711|\$2b\$/);
        assert.deepEqual(
          error.message.replaceAll(join(folder.path, 'web.yml'), 'web.yml').split('\n'),
          messages,
        );
        return true;
      },
    );
  });
}
