import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { FAKE_PROVIDERS } from '../../../test/fake-providers.ts';
import { createAuthority } from '../../../test/support/exporter/certificates.ts';
import { loadConfig } from '../load.ts';
import { ConfigError } from '../yaml/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'history-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'c.yml');
const SECRET = 'do-not-print-me';
const { ca } = createAuthority('one');
writeFileSync(join(folder, 'ca.pem'), ca);
writeFileSync(join(folder, 'spaces'), 'a b');

function load(remoteWrite: string) {
  const text = `accounts: [{ provider: acme, apiKey: k }]\nhistory: { from: 2026-01-01, remoteWrite: { ${remoteWrite} } }`;
  writeFileSync(file, text);
  return loadConfig(file, { SECRET }, FAKE_PROVIDERS).history;
}

const URL_KEY = 'url: "http://p:9090/api/v1/write"';

test('history: a URL is used as it is, with defaults for the rest', () => {
  const history = load(URL_KEY);
  const { receiver, labels, secrets } = history?.remoteWrite ?? assert.fail();
  const { headers, ...rest } = receiver;
  assert.deepEqual(
    { ...rest, headers: headers(), labels, secrets, from: history?.from },
    {
      url: 'http://p:9090/api/v1/write',
      tls: {},
      timeoutMs: 30_000,
      giveUpAfterMs: 300_000,
      headers: {},
      labels: {},
      secrets: [],
      from: Date.UTC(2026, 0, 1),
    },
  );
});

test('history: basic authentication, a tenant, labels and TLS', () => {
  const auth = `basicAuth: { username: u, password: "\${SECRET}" }, headers: { X-Scope-OrgID: t }`;
  const history = load(
    `${URL_KEY}, ${auth}, labels: { job: j }, caFile: ca.pem, serverName: p.internal, timeout: 5s`,
  );
  const { receiver, labels, secrets } = history?.remoteWrite ?? assert.fail();
  const encoded = Buffer.from(`u:${SECRET}`).toString('base64');
  assert.deepEqual(receiver.headers(), { 'x-scope-orgid': 't', authorization: `Basic ${encoded}` });
  assert.deepEqual(
    [labels, receiver.tls, receiver.timeoutMs],
    [{ job: 'j' }, { ca, serverName: 'p.internal' }, 5000],
  );
  assert.deepEqual(
    secrets.map((secret) => secret()),
    [SECRET, encoded],
  );
  assert.doesNotMatch(inspect(history, { depth: 9 }), new RegExp(`${SECRET}|${encoded}`));
});

test('history: a token in a file is read again when the file changes', () => {
  writeFileSync(join(folder, 'token'), 'first\n');
  const { receiver, secrets } =
    load(`${URL_KEY}, bearerTokenFile: token`)?.remoteWrite ?? assert.fail('no receiver');
  assert.deepEqual(receiver.headers(), { authorization: 'Bearer first' });
  writeFileSync(join(folder, 'token'), 'second one is longer'.replaceAll(' ', '-'));
  assert.deepEqual(receiver.headers(), { authorization: 'Bearer second-one-is-longer' });
  assert.deepEqual(
    secrets.map((secret) => secret()),
    ['second-one-is-longer'],
  );
});

const AT = 'history.remoteWrite';

const invalid: readonly (readonly [keys: string, problem: string])[] = [
  ['labels: {}', `${AT}.url: is missing; add it`],
  ['url: "p:9090"', `${AT}.url: must be a URL that starts with https:// or http://`],
  [
    'url: "http://u:do-not-print-me@p/api"',
    `${AT}.url: must not contain a user or password; put an authorization header into the headers`,
  ],
  [
    `${URL_KEY}, bearerToken: "do-not-print-me x"`,
    `${AT}.bearerToken: contains a space or a tab; a key has neither`,
  ],
  [`${URL_KEY}, bearerToken: [do-not-print-me]`, `${AT}.bearerToken: must be text, not a list`],
  [
    `${URL_KEY}, bearerTokenFile: spaces`,
    `${AT}.bearerTokenFile: names a file that contains a space or a tab; a key has neither`,
  ],
  [
    `${URL_KEY}, bearerToken: do-not-print-me, bearerTokenFile: spaces`,
    `${AT}.bearerTokenFile: conflicts with bearerToken; keep one of the two`,
  ],
  [`${URL_KEY}, basicAuth: { username: u }`, `${AT}.basicAuth: needs a password or a passwordFile; add one`],
  [
    `${URL_KEY}, basicAuth: { username: "u:v", password: do-not-print-me }`,
    `${AT}.basicAuth.username: must not contain a colon`,
  ],
  [
    `${URL_KEY}, bearerToken: do-not-print-me, headers: { Authorization: do-not-print-me }`,
    `${AT}: has several credentials; keep one of basicAuth, bearerToken and headers.authorization`,
  ],
  [
    `${URL_KEY}, headers: { Content-Type: x }`,
    `${AT}.headers.Content-Type: is a header that the exporter itself sends; remove it`,
  ],
  [`${URL_KEY}, labels: { a-b: c }`, `${AT}.labels.a-b: must have the name of a label, such as job`],
  [
    `${URL_KEY}, labels: { __name__: c }`,
    `${AT}.labels.__name__: must have the name of a label, such as job`,
  ],
  [
    `${URL_KEY}, labels: { provider: c }`,
    `${AT}.labels.provider: is a label that the exporter sets itself; choose another name`,
  ],
  [`${URL_KEY}, labels: { job: "" }`, `${AT}.labels.job: must not be empty`],
  [`${URL_KEY}, user: u`, `${AT}.user: unknown key`],
];

for (const [keys, problem] of invalid) {
  test(`history: ${problem}`, () => {
    assert.throws(
      () => load(keys),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.doesNotMatch(error.message, new RegExp(SECRET));
        assert.ok(error.message.includes(problem), error.message);
        return true;
      },
    );
  });
}
