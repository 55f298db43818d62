import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, symlinkSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { Agent } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { AT_LOOPBACK, type Certified } from '../../../test/support/exporter/certificates.ts';
import { ask, type ServedWeb, serveWeb, webFolder } from '../../../test/support/exporter/web.ts';

/** A TLS configuration with these additional keys. */
function tls(more: readonly string[] = [], rest = ''): string {
  const keys = ['cert_file: server.crt', 'key_file: server.key', ...more];
  return `tls_server_config: { ${keys.join(', ')} }\n${rest}`;
}

/** Agrees on TLS and says on what. Rejects where the two cannot agree. */
async function agreed(served: ServedWeb, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: served.port, ca: served.ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function agreedOn(served: ServedWeb, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await agreed(served, options);
    const protocol = `${socket.getProtocol()} ${socket.getCipher().standardName}`;
    socket.destroy();
    return protocol;
  } catch {
    return 'nothing';
  }
}

/** Whether a client with this certificate, or none, is answered. */
function isAnswered(served: ServedWeb, client?: Certified): Promise<boolean> {
  return ask(served, '/-/healthy', client).then(
    ({ status }) => status === 200,
    () => false,
  );
}

describe('TLS', () => {
  test('is required for every connection', async (t) => {
    const served = await serveWeb(t, webFolder(t), tls());
    assert.equal((await ask(served)).body, 'healthy\n');
    await assert.rejects(fetch(served.url.replace('https:', 'http:')));
    await assert.rejects(ask(served, '/', { ca: [] }), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    assert.equal((await ask(served)).body, 'healthy\n');
  });

  test('takes an inline certificate and key', async (t) => {
    const folder = webFolder(t);
    const { cert, key } = folder.trusted.vouchFor('Inline', AT_LOOPBACK);
    const served = await serveWeb(t, folder, JSON.stringify({ tls_server_config: { cert, key } }));
    assert.equal(await isAnswered(served), true);
  });

  test('negotiates only configured versions, suites and curves', async (t) => {
    const folder = webFolder(t);
    const served = await serveWeb(t, folder, tls());
    const [tls12, tls13] = [{ maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }] as const;
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const cbc = { ...tls12, ciphers: 'ECDHE-ECDSA-AES128-SHA' };
    assert.equal(await agreedOn(served, {}), 'TLSv1.3 TLS_AES_128_GCM_SHA256');
    assert.equal(await agreedOn(served, tls12), 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    assert.equal(await agreedOn(served, cbc), 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA');
    assert.equal(await agreedOn(served, old), 'nothing');
    assert.equal(await agreedOn(served, { ecdhCurve: 'P-521' }), 'TLSv1.3 TLS_AES_128_GCM_SHA256');
    const noHttp2 = 'http_server_config: { http2: false }';

    served.rewrite(tls(['min_version: TLS13']));
    assert.equal(await agreedOn(served, tls12), 'nothing');
    served.rewrite(
      tls(['max_version: TLS12', 'cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]'], noHttp2),
    );
    assert.equal(await agreedOn(served, tls13), 'nothing');
    assert.equal(await agreedOn(served, {}), 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA');
    assert.equal(await agreedOn(served, cbc), 'nothing');
    served.rewrite(tls(['cipher_suites: [TLS_AES_128_GCM_SHA256]'], noHttp2));
    assert.equal(await agreedOn(served, tls12), 'nothing');
    assert.equal(await agreedOn(served, {}), 'TLSv1.3 TLS_AES_128_GCM_SHA256');
    served.rewrite(tls(['curve_preferences: [CurveP384, X25519]']));
    assert.equal(await agreedOn(served, { ecdhCurve: 'P-521' }), 'nothing');
    assert.equal(await agreedOn(served, { ecdhCurve: 'P-384' }), 'TLSv1.3 TLS_AES_128_GCM_SHA256');
    served.rewrite(tls(['min_version: TLS11']));
    assert.equal(await agreedOn(served, old), 'TLSv1.1 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA');
    assert.deepEqual(
      served.changes.filter(({ kind }) => kind === 'refused'),
      [],
    );
  });

  test('prefers the order of suites of the server or of the client', async (t) => {
    const names = ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'];
    const suites = `cipher_suites: [${names.join(', ')}]`;
    const served = await serveWeb(t, webFolder(t), tls([suites]));
    const client = {
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
    } as const;
    assert.equal(await agreedOn(served, client), `TLSv1.2 ${names[0]}`);
    served.rewrite(tls([suites, 'prefer_server_cipher_suites: false']));
    assert.equal(await agreedOn(served, client), `TLSv1.2 ${names[1]}`);
  });

  test('uses a new certificate for the next connection and closes older connections', async (t) => {
    const folder = webFolder(t);
    const served = await serveWeb(t, folder, tls());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const nameOn = async () => {
      const socket = await agreed(served, {});
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return subject.CN;
    };
    assert.equal(await nameOn(), 'Server');
    await ask(served, '/', { agent });

    const { cert, key } = folder.trusted.vouchFor('Renewed', AT_LOOPBACK);
    folder.write('server.crt', cert);
    served.look();
    assert.equal(await nameOn(), 'Server', 'the key is not there yet');
    assert.equal(served.changes.length, 1);
    folder.write('server.key', key);
    served.look();
    // Noticed by a request on a connection that is open.
    assert.equal((await ask(served, '/', { agent })).headers.connection, 'close');
    assert.equal(await nameOn(), 'Renewed');
    assert.equal((await ask(served, '/', { agent })).headers.connection, 'keep-alive');
    assert.deepEqual(
      served.changes.map(({ kind }) => kind),
      ['refused', 'read'],
    );
  });

  test('follows links as Kubernetes replaces them', async (t) => {
    const folder = webFolder(t);
    for (const name of ['first', 'second']) {
      const { cert, key } = folder.trusted.vouchFor(name, AT_LOOPBACK);
      folder.write(`${name}.crt`, cert);
      folder.write(`${name}.key`, key);
    }
    const point = (to: string) => {
      for (const kind of ['crt', 'key']) {
        symlinkSync(`${to}.${kind}`, join(folder.path, `next.${kind}`));
        renameSync(join(folder.path, `next.${kind}`), join(folder.path, `current.${kind}`));
      }
    };
    point('first');
    const served = await serveWeb(
      t,
      folder,
      'tls_server_config: { cert_file: current.crt, key_file: current.key }',
    );
    point('second');
    served.look();
    const socket = await agreed(served, {});
    assert.equal(socket.getPeerCertificate().subject.CN, 'second');
    socket.destroy();
  });
});

describe('client certificates', () => {
  /** What becomes of a client of the authority, one of another and one without a certificate. */
  function answered(served: ServedWeb, clients: readonly (Certified | undefined)[]): Promise<boolean[]> {
    return Promise.all(clients.map((client) => isAnswered(served, client)));
  }

  test('are requested, required and verified as configured', async (t) => {
    const folder = webFolder(t);
    const clients = [folder.trusted.vouchFor('Client'), folder.other.vouchFor('Stranger'), undefined];
    const ca = 'client_ca_file: ca.crt';
    const table: readonly (readonly [auth: string, ...answered: boolean[]])[] = [
      ['NoClientCert', true, true, true],
      ['RequestClientCert', true, true, true],
      ['RequireAnyClientCert', true, true, false],
      ['RequireClientCert', true, true, false],
      ['VerifyClientCertIfGiven', true, false, true],
      ['RequireAndVerifyClientCert', true, false, false],
    ];
    const served = await serveWeb(t, folder, tls());
    for (const [auth, ...expected] of table) {
      const asked = `client_auth_type: ${auth}`;
      served.rewrite(tls(auth.includes('Verify') ? [asked, ca] : [asked]));
      assert.deepEqual(await answered(served, clients), expected, auth);
    }
  });

  test('must have one of the allowed names', async (t) => {
    const folder = webFolder(t);
    const named = {
      dns: folder.trusted.vouchFor('a', { dns: 'prometheus.example' }),
      email: folder.trusted.vouchFor('b', { dns: 'x.example', email: 'ops@example.com' }),
      ip: folder.trusted.vouchFor('c', { ip: [192, 0, 2, 7] }),
      ip6: folder.trusted.vouchFor('d', { ip: [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1] }),
      uri: folder.trusted.vouchFor('e', { uri: 'spiffe://example/a,b"c' }),
      subject: folder.trusted.vouchFor('prometheus.example'),
      tricky: folder.trusted.vouchFor('f', { dns: 'x, DNS:prometheus.example' }),
    };
    const lists: Record<string, readonly string[]> = {
      'prometheus.example': ['dns'],
      'ops@example.com': ['email'],
      '192.0.2.7': ['ip'],
      '2001:db8::1': ['ip6'],
      '2001:0db8:0:0::1': ['ip6'],
      'spiffe://example/a,b"c': ['uri'],
      '*.example': [],
      'PROMETHEUS.example': [],
    };
    const served = await serveWeb(t, folder, tls());
    for (const [allowed, expected] of Object.entries(lists)) {
      const sans = `client_allowed_sans: [nobody.example, ${JSON.stringify(allowed)}]`;
      served.rewrite(tls(['client_auth_type: RequireAndVerifyClientCert', 'client_ca_file: ca.crt', sans]));
      const answers = await answered(served, Object.values(named));
      assert.deepEqual(
        Object.keys(named).filter((_, index) => answers[index]),
        expected,
        allowed,
      );
    }
    assert.equal(await isAnswered(served), false);
  });

  test('of an authority that is no longer trusted are refused, even with a resumed session', async (t) => {
    const folder = webFolder(t);
    const client = folder.trusted.vouchFor('Client');
    const verified = (ca: string) =>
      tls(['client_auth_type: RequireAndVerifyClientCert', `client_ca_file: ${ca}`]);
    const served = await serveWeb(t, folder, verified('ca.crt'));
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: served.ca, ...client });
    t.after(() => agent.destroy());
    const first = await agreed(served, client);
    const [session] = await once(first.resume(), 'session');
    const again = await agreed(served, { ...client, session });
    assert.equal(again.isSessionReused(), true);
    for (const socket of [first, again]) socket.destroy();
    await ask(served, '/', { agent });

    served.rewrite(verified('other-ca.crt'));
    const resumed = await agreed(served, { ...client, session });
    assert.equal(resumed.isSessionReused(), false);
    resumed.on('data', (bytes) => assert.fail(String(bytes))).on('error', () => {});
    resumed.write('GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => resumed.once('close', resolve));
    await assert.rejects(ask(served, '/', { agent }), 'the connection that was open is not used again');
  });
});

describe('HTTP/2', () => {
  test('is negotiated unless disabled', async (t) => {
    const folder = webFolder(t);
    const both = { ALPNProtocols: ['h2', 'http/1.1'] };
    const served = await serveWeb(t, folder, tls());
    const protocolOf = async (on: ServedWeb, options: ConnectionOptions) => {
      const socket = await agreed(on, options);
      socket.destroy();
      return socket.alpnProtocol;
    };
    assert.equal(await protocolOf(served, both), 'h2');
    assert.equal(await protocolOf(served, { ALPNProtocols: ['http/1.1'] }), 'http/1.1');
    assert.equal(await protocolOf(served, {}), false);
    await assert.rejects(agreed(served, { ALPNProtocols: ['spdy/3'] }));
    const without = await serveWeb(t, folder, tls([], 'http_server_config: { http2: false }'));
    assert.equal(await protocolOf(without, both), 'http/1.1');
    without.rewrite(tls());
    assert.equal(await protocolOf(without, both), 'http/1.1');
    assert.deepEqual(without.changes, [
      { kind: 'restartRequired', key: 'http_server_config.http2' },
      { kind: 'read' },
    ]);
  });

  test('responds like HTTP/1.1', async (t) => {
    const served = await serveWeb(t, webFolder(t), tls(), { samples: 30_000 });
    const session = connectHttp2(served.url, { ca: served.ca });
    t.after(() => session.destroy());
    const get = async (path: string, more: Record<string, string> = {}) => {
      const stream = session.request({ ':path': path, ...more });
      const [headers] = await once(stream, 'response');
      const chunks: Buffer[] = await stream.toArray();
      return { status: headers[':status'], headers, body: Buffer.concat(chunks) };
    };
    for (const path of ['/', '/metrics', '/-/healthy', '/-/ready', '/api/v1/status', '/nothing', '/%zz']) {
      const [over1, over2] = [await ask(served, path), await get(path)];
      assert.equal(over2.status, over1.status, path);
      assert.equal(over2.body.toString(), over1.body, path);
      for (const name of ['content-type', 'content-length', 'content-security-policy'])
        assert.equal(over2.headers[name], over1.headers[name], `${path} ${name}`);
    }
    assert.equal((await get('/metrics', { ':method': 'HEAD' })).body.length, 0);
    assert.equal((await get('/-/reload', { ':method': 'POST' })).status, 403);
    assert.equal((await get('/metrics', { ':method': 'BREW' })).status, 404);
    assert.deepEqual(served.errors, []);
    assert.deepEqual(served.source.carriedVersions, [1, 1]);
  });

  test('reports no delivery for a reader that disconnected', async (t) => {
    const served = await serveWeb(t, webFolder(t), tls(), { samples: 100_000 });
    const session = connectHttp2(served.url, { ca: served.ca });
    t.after(() => session.destroy());
    const stream = session.request({ ':path': '/metrics' });
    await once(stream, 'data');
    stream.close(8);
    await once(stream, 'close');
    const whole = session.request({ ':path': '/metrics' });
    assert.ok(Buffer.concat(await whole.toArray()).length > 5_000_000);
    assert.deepEqual(served.source.carriedVersions, [1]);
    session.close();
    await once(session, 'close');
    const begun = performance.now();
    await served.close();
    assert.ok(performance.now() - begun < 4500, 'nothing holds up the end');
  });

  test('closes sessions when the certificate is replaced and at shutdown', async (t) => {
    const folder = webFolder(t);
    const served = await serveWeb(t, folder, tls());
    const open = () => connectHttp2(served.url, { ca: served.ca });
    const first = open();
    const { cert, key } = folder.trusted.vouchFor('Renewed', AT_LOOPBACK);
    await once(first, 'connect');
    folder.write('server.crt', cert);
    folder.write('server.key', key);
    served.look();
    const stream = first.request({ ':path': '/-/healthy' });
    assert.equal(Buffer.concat(await stream.toArray()).toString(), 'healthy\n');
    await once(first, 'close');
    const second = open();
    await once(second, 'connect');
    await Promise.all([once(second, 'close'), served.close()]);
  });
});

test('TLS listener closes unfinished and aborted handshakes', async (t) => {
  const slow = await serveWeb(t, webFolder(t), tls(), { limits: { handshakeMs: 100 } });
  await once(connectTcp(slow.port, '127.0.0.1'), 'close');
  assert.equal(await isAnswered(slow), true);
  const served = await serveWeb(t, webFolder(t), tls());
  const begun = performance.now();
  const half = connectTcp(served.port, '127.0.0.1');
  half.resume().end(Buffer.from('1603010200', 'hex'));
  await once(half, 'close');
  assert.ok(performance.now() - begun < 5000, 'long before the handshake is over');
});
