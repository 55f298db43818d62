import assert from 'node:assert/strict';
import { renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SECRET_HASH, webFolder } from '../../../test/support/exporter/web.ts';
import { openWebSource, type WebChange, type WebSource } from './source.ts';

type Folder = ReturnType<typeof webFolder>;

interface Opened extends WebSource {
  readonly folder: Folder;
  readonly kinds: () => string[];
  readonly problems: () => string[];
  advance(ms: number): void;
}

const TLS = 'tls_server_config: { cert_file: server.crt, key_file: server.key }\n';
const USERS = (...names: string[]) =>
  `basic_auth_users: { ${names.map((name) => `${name}: ${SECRET_HASH}`).join(', ')} }\n`;

function open(t: { after(end: () => void): void }, text: string): Opened {
  const folder = webFolder(t);
  const changes: WebChange[] = [];
  let clock = 0;
  const file = folder.write('web.yml', text);
  const source = openWebSource({ file, now: () => clock, onChange: (change) => changes.push(change) });
  return {
    ...source,
    folder,
    kinds: () => changes.map((change) => (change.kind === 'restartRequired' ? change.key : change.kind)),
    problems: () =>
      changes.flatMap((change) =>
        change.kind === 'refused' ? change.problems.map(({ key, message }) => `${key}: ${message}`) : [],
      ),
    advance(ms) {
      clock += ms;
    },
  };
}

function usersOf({ current }: WebSource): string[] {
  return [...current().users.keys()];
}

test('web source detects a change within a second and reports it once', (t) => {
  const opened = open(t, USERS('alice'));
  opened.folder.write('web.yml', USERS('alice', 'bob'));
  opened.advance(999);
  assert.deepEqual(usersOf(opened), ['alice']);
  opened.advance(1);
  assert.deepEqual(usersOf(opened), ['alice', 'bob']);
  opened.folder.write('web.yml', USERS('carol'));
  opened.advance(999);
  assert.deepEqual(usersOf(opened), ['alice', 'bob']);
  opened.advance(1);
  assert.deepEqual(usersOf(opened), ['carol']);
  opened.advance(1000);
  assert.deepEqual(usersOf(opened), ['carol']);
  assert.deepEqual(opened.kinds(), ['read', 'read']);
});

test('web source does not read unchanged files again', (t) => {
  const opened = open(t, USERS('alice'));
  const before = opened.current();
  opened.advance(1000);
  assert.equal(opened.current(), before);
  assert.deepEqual(opened.kinds(), []);
});

test('web source detects a change of equal size and modification time', (t) => {
  const opened = open(t, USERS('alice'));
  const usersNow = (name: string) => {
    utimesSync(opened.folder.write('web.yml', USERS(name)), 1, 1);
    opened.advance(1000);
    return usersOf(opened);
  };
  assert.deepEqual(usersNow('alicf'), ['alicf']);
  assert.deepEqual(usersNow('alicg'), ['alicg']);
});

test('web source keeps the previous configuration while a file is invalid, and reports it once', (t) => {
  const opened = open(t, TLS + USERS('alice'));
  const before = opened.current();
  opened.folder.write('web.yml', 'basic_auth_users: { alice: do-not-print-me }');
  for (let look = 0; look < 3; look++) {
    opened.advance(1000);
    assert.equal(opened.current(), before);
  }
  assert.equal(opened.problems().length, 1);
  assert.match(opened.problems().join(), /^basic_auth_users\.alice: must be a bcrypt hash/);
  assert.doesNotMatch(opened.problems().join(), /do-not-print-me/);

  rmSync(join(opened.folder.path, 'web.yml'));
  opened.advance(1000);
  assert.equal(opened.current(), before);
  opened.folder.write('web.yml', TLS + USERS('bob'));
  opened.advance(1000);
  assert.deepEqual(usersOf(opened), ['bob']);
  assert.deepEqual(opened.kinds(), ['refused', 'refused', 'read']);
});

test('web source reads an unreadable file once it becomes readable', (t) => {
  const opened = open(t, TLS);
  const renewed = opened.folder.trusted.vouchFor('Renewed');
  opened.folder.write('web.yml', TLS.replaceAll('server.', 'renewed.'));
  opened.advance(1000);
  const before = opened.current();
  opened.folder.write('renewed.crt', renewed.cert);
  opened.advance(1000);
  assert.equal(opened.current(), before);
  opened.folder.write('renewed.key', renewed.key);
  opened.advance(1000);
  assert.equal(opened.current().tls?.context().cert, renewed.cert);
  assert.deepEqual(opened.kinds(), ['refused', 'refused', 'read']);
  assert.deepEqual(opened.problems(), [
    'tls_server_config.cert_file: cannot be read: the file does not exist; correct the path or create it',
    'tls_server_config.key_file: cannot be read: the file does not exist; correct the path or create it',
    'tls_server_config.key_file: cannot be read: the file does not exist; correct the path or create it',
  ]);
});

test('web source reads a replaced client authority', (t) => {
  const asks = 'client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt';
  const opened = open(t, TLS.replace(' }', `, ${asks} }`));
  renameSync(join(opened.folder.path, 'other-ca.crt'), join(opened.folder.path, 'ca.crt'));
  opened.advance(1000);
  assert.equal(opened.current().tls?.context().ca, opened.folder.other.ca);
});

test('web source keeps the identity of unchanged TLS settings', (t) => {
  const opened = open(t, TLS + USERS('alice'));
  const { tls } = opened.current();
  opened.folder.write('web.yml', USERS('bob') + TLS);
  opened.advance(1000);
  assert.equal(opened.current().tls, tls);
  assert.deepEqual(usersOf(opened), ['bob']);
  opened.folder.write('web.yml', TLS.replace(' }', ', min_version: TLS13 }'));
  opened.advance(1000);
  assert.notEqual(opened.current().tls, tls);
});

test('web source reports that switching TLS or HTTP/2 requires a restart, and applies the rest', (t) => {
  const plain = open(t, USERS('alice'));
  plain.folder.write('web.yml', TLS + USERS('bob'));
  plain.advance(1000);
  assert.equal(plain.current().tls, undefined);
  assert.deepEqual(usersOf(plain), ['bob']);
  assert.deepEqual(plain.kinds(), ['tls_server_config', 'read']);

  const secured = open(t, TLS);
  const { tls } = secured.current();
  secured.folder.write('web.yml', USERS('bob'));
  secured.advance(1000);
  assert.equal(secured.current().tls, tls);
  assert.deepEqual(usersOf(secured), ['bob']);
  secured.folder.write('web.yml', `${TLS}http_server_config: { http2: false }`);
  secured.advance(1000);
  assert.equal(secured.current().http2, true);
  assert.deepEqual(secured.kinds(), ['tls_server_config', 'read', 'http_server_config.http2', 'read']);
});

test('web source refuses a file that is invalid at the start', (t) => {
  assert.throws(() => open(t, 'basic_auth_user: x'), { name: 'ConfigError' });
  const file = join(webFolder(t).path, 'gone.yml');
  assert.throws(() => openWebSource({ file, now: () => 0, onChange: () => assert.fail() }), {
    message: `${file}: cannot be read: the file does not exist; correct the path or create it`,
  });
});
