import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SECRET_HASH, type WebFolder, webFolder } from '../../../test/support/exporter/web.ts';
import type { WebConfig } from './config.ts';
import { CIPHERS, CLIENT_AUTH } from './format.ts';
import { loadWebConfig } from './read.ts';

function load(folder: WebFolder, text: string): WebConfig {
  return loadWebConfig(folder.write('web.yml', text));
}

const NOTHING: WebConfig = {
  tls: undefined,
  http2: true,
  headers: {},
  users: new Map(),
  rateLimit: undefined,
};

test('web configuration treats blank keys as absent', (t) => {
  const folder = webFolder(t);
  for (const text of [
    '',
    '# nothing\n',
    'tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n',
    'tls_server_config: {}\nhttp_server_config: {}\nbasic_auth_users: {}\nrate_limit: {}\n',
    'tls_server_config: { cert_file: , min_version: }\nhttp_server_config: { headers: }',
    'http_server_config: { headers: { Content-Security-Policy: "", X-Frame-Options: } }',
    'rate_limit: { interval: 0, burst: 7 }',
    'rate_limit: { interval: 0s }',
  ]) {
    assert.deepEqual(load(folder, text), NOTHING, text);
  }
});

test('web configuration reads every key', (t) => {
  const folder = webFolder(t);
  const config = load(
    folder,
    `
tls_server_config:
  cert_file: server.crt
  key_file: ./server.key
  client_ca_file: ${folder.path}/ca.crt
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [a.example, "0::1"]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP521]
http_server_config:
  http2: false
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: "0"
    Strict-Transport-Security: max-age=63072000
basic_auth_users:
  alice: ${SECRET_HASH}
  "o'brien@example.com": ${SECRET_HASH}
rate_limit: { interval: 1m30.5s, burst: 3 }
`,
  );
  const { tls, ...rest } = config;
  assert.deepEqual(rest, {
    http2: false,
    headers: {
      'Content-Security-Policy': "default-src 'self'",
      'X-Frame-Options': 'deny',
      'X-Content-Type-Options': 'nosniff',
      'X-XSS-Protection': '0',
      'Strict-Transport-Security': 'max-age=63072000',
    },
    users: new Map([
      ['alice', SECRET_HASH],
      ["o'brien@example.com", SECRET_HASH],
    ]),
    rateLimit: { intervalMs: 90_500, burst: 3 },
  });
  assert.ok(tls);
  assert.equal(tls.clientAuth, CLIENT_AUTH.RequireAndVerifyClientCert);
  assert.deepEqual(tls.allowedSans, new Set(['a.example', '::1']));
  const { cert, key, ca, ...context } = tls.context();
  assert.deepEqual([cert, ca], [readFileSync(join(folder.path, 'server.crt'), 'utf8'), folder.trusted.ca]);
  assert.match(String(key), /PRIVATE KEY/);
  assert.deepEqual(context, {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers:
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
    honorCipherOrder: false,
    ecdhCurve: 'X25519:P-521',
  });
  assert.doesNotMatch(inspect(config, { depth: 9 }), /PRIVATE KEY/);
});

test('every cipher suite of the table exists in OpenSSL', (t) => {
  const folder = webFolder(t);
  for (const [suite, name] of Object.entries(CIPHERS)) {
    const section = `{ cert_file: server.crt, key_file: server.key, cipher_suites: [${suite}] }`;
    const { tls } = load(folder, `tls_server_config: ${section}\nhttp_server_config: { http2: false }`);
    assert.ok(tls?.context().ciphers?.split(':').includes(name), suite);
  }
});

test('PEM files may be of any type, chained and surrounded by text', (t) => {
  const folder = webFolder(t);
  const { vouchFor, ca } = folder.trusted;
  for (const pair of [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ed25519'),
  ]) {
    const { cert, key } = vouchFor('Server', {}, pair);
    const kinds: string[] = [key];
    if (pair.privateKey.asymmetricKeyType === 'rsa')
      kinds.push(pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    if (pair.privateKey.asymmetricKeyType === 'ec')
      kinds.push(`${EC_PARAMETERS}${pair.privateKey.export({ type: 'sec1', format: 'pem' })}`);
    for (const each of kinds) {
      const section = { cert: `subject=CN - x\r\n${cert}\n${ca}`, key: `Bag Attributes\n${each}` };
      assert.ok(load(folder, JSON.stringify({ tls_server_config: section })).tls);
    }
  }
});

/** `openssl ecparam -genkey` writes these before the key. */
const EC_PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n';

test('a key that OpenSSL considers too weak is reported with its reason', (t) => {
  const folder = webFolder(t);
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  folder.write('weak.crt', folder.trusted.vouchFor('Server', {}, pair).cert);
  folder.write('weak.key', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  assert.throws(() => load(folder, 'tls_server_config: { cert_file: weak.crt, key_file: weak.key }'), {
    message: /:1:33: tls_server_config\.cert_file: is rejected by OpenSSL: ee key too small$/,
  });
});

test('every bcrypt version that Go accepts is valid', (t) => {
  const folder = webFolder(t);
  for (const version of ['$2$', '$2a$', '$2b$', '$2x$', '$2y$']) {
    const { users } = load(folder, `basic_auth_users: { a: ${SECRET_HASH.replace('$2b$', version)} }`);
    assert.equal(users.size, 1, version);
  }
});

test('rate_limit.interval takes Go durations', (t) => {
  const folder = webFolder(t);
  const table = {
    '1500us': 1.5,
    '2µs': 0.002,
    '250ns': 0.00025,
    '10ms': 10,
    '1.5h': 5_400_000,
    '1h2m3s': 3_723_000,
  };
  for (const [text, intervalMs] of Object.entries(table)) {
    const { rateLimit } = load(folder, `rate_limit: { interval: ${text}, burst: 1 }`);
    assert.equal(rateLimit?.intervalMs, intervalMs, text);
  }
});

test('web configuration resolves aliases and does not replace variables', (t) => {
  const folder = webFolder(t);
  const users = `basic_auth_users: { a: &hash ${SECRET_HASH}, b: *hash }`;
  const config = load(folder, `${users}\nhttp_server_config: { headers: { X-XSS-Protection: "\${HOME}" } }`);
  assert.deepEqual([...config.users.keys()], ['a', 'b']);
  assert.deepEqual(config.headers, { 'X-XSS-Protection': `\${HOME}` });
});
