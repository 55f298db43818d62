import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { isScalar, parseDocument, visit } from 'yaml';
import { ConfigError, formatProblem } from '../src/config/yaml/errors.ts';
import { createLog } from '../src/runtime/log.ts';
import { readWebConfig } from '../src/server/web/read.ts';
import { SECRET_HASH, webFolder } from './support/exporter/web.ts';
import { assertProperty } from './support/ledger/property.ts';
import { fuzzString } from './support/providers/fuzz-strings.ts';

/** A password where a hash belongs, and what a key is made of: neither may come back. */
const CANARY = 'canary-do-not-print-me';

/** Every key, some of them with what is secret. */
function textsOf(key: string): readonly string[] {
  const indented = key.trimEnd().replaceAll('\n', '\n    ');
  return [
    'tls_server_config:',
    '  cert_file: server.crt',
    '  key_file: server.key',
    `  key: |\n    ${indented}`,
    `  key: ${CANARY}`,
    `  key:${CANARY}`,
    `  key_file: ${CANARY}`,
    '  client_auth_type: RequireAndVerifyClientCert',
    '  client_ca_file: ca.crt',
    '  client_allowed_sans: [a.example, "::1"]',
    '  min_version: TLS12',
    '  max_version: TLS13',
    '  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]',
    '  curve_preferences: [X25519]',
    'http_server_config:',
    '  http2: false',
    '  headers:',
    '    X-Frame-Options: deny',
    `    Content-Security-Policy: ${CANARY}`,
    'basic_auth_users:',
    `  alice: ${SECRET_HASH}`,
    `  bob: ${CANARY}`,
    `  carol:${CANARY}`,
    `  dave: &hash ${CANARY}`,
    '  erin: *hash',
    `  "frank:${CANARY}": x`,
    'rate_limit: { interval: 1s, burst: 3 }',
    '---',
    '<<: *hash',
  ];
}

/** Lines of the format, most of them in their place, some bent. */
function textOf(key: string): fc.Arbitrary<string> {
  const lines = textsOf(key);
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...lines) },
    { weight: 1, arbitrary: fuzzString() },
    {
      weight: 2,
      arbitrary: fc
        // A secret that became a key is quoted like any other key.
        .tuple(
          fc.constantFrom(...lines.filter((text) => !text.includes('frank'))),
          fc.nat(40),
          fc.nat(6),
          fuzzString(1),
        )
        .map(([text, at, length, more]) => text.slice(0, at) + more + text.slice(at + length)),
    },
  );
  return fc.oneof(
    fc.subarray([...lines], { minLength: 1 }).map((some) => some.join('\n')),
    fc.array(line, { maxLength: 12 }).map((some) => some.join('\n')),
  );
}

/** Whether a secret is in the position of a name, not after a colon: then it is a name, which may be quoted. */
function isName(text: string): boolean {
  let found = false;
  visit(parseDocument(text, { uniqueKeys: false }), {
    Pair(_, { key }) {
      const name = isScalar(key) ? String(key.value) : '';
      if (new RegExp(`^[^:=]*${CANARY}`, 's').test(name)) found = true;
    },
  });
  return found;
}

test('web configuration accepts or refuses 10,000 mutated texts without quoting a secret', (t) => {
  const folder = webFolder(t);
  const key = readFileSync(join(folder.path, 'server.key'), 'utf8');
  const secrets = [CANARY, SECRET_HASH, ...key.split('\n').filter((line) => line.length > 40)];
  const file = folder.write('web.yml', '');
  const opened = openSync(file, 'w');
  t.after(() => closeSync(opened));
  let good = 0;
  let output = '';
  const log = createLog({
    write(line) {
      output += line;
    },
  });
  assertProperty(
    fc.property(textOf(key), (text) => {
      fc.pre(!text.includes(CANARY) || !isName(text));
      // To open a file takes longer than to read one.
      ftruncateSync(opened);
      writeSync(opened, text.toWellFormed(), 0);
      const { result } = readWebConfig(file);
      output = '';
      if ('config' in result) {
        good += 1;
        output = inspect(result.config.tls);
      } else {
        assert.ok(result.problems.length > 0);
        log.warn({ problems: result.problems.map(formatProblem), err: new ConfigError(result.problems) });
      }
      for (const secret of secrets) assert.ok(!output.includes(secret), output);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(good > 100, `${good} were good`);
});
